package org.deft4j.kernels;

/**
 * The operations of a forward pass, handed to {@link Backend#forward} as a whole, so that a backend
 * may record what they launch and replay it for later batches instead of being told again.
 *
 * <p>Rules for a program: called with the same number of rows it calls the same operations with the
 * same operands, unless one of them was closed in between; it reads nothing back; and what differs
 * from batch to batch it leaves to the operations that look at the batch themselves (tokens,
 * positions, slots, plan). A program is known by its identity: keep one object.
 */
@FunctionalInterface
public interface StepProgram {
  /**
   * Calls the operations.
   *
   * @param rows to be computed: at least those of the batch. Further ones are padding: they are
   *     computed as token 0 at position 0 that sees nothing, and nothing is stored for them
   */
  void run(int rows);
}
