/**
 * The backend {@code cuda}: NVIDIA devices of compute capability 8.0 and newer, through JCuda and
 * JCublas.
 *
 * <p>Three layers, each a small set of classes:
 *
 * <ol>
 *   <li>{@code CudaNatives}, {@code CudaProbe}: which libraries and devices are here, and why not.
 *       JCuda's own native libraries are unpacked into a fresh private folder and loaded from
 *       there; its cuBLAS binding, which names CUDA 12, is pointed at CUDA 13 where only that is
 *       installed. Nobody else may touch a class of JCuda before {@code CudaProbe} said yes, so a
 *       machine without a device never loads one.
 *   <li>{@code CudaDevice}, the context and its stream, with what works on it: {@code DeviceMemory}
 *       allocates and copies, {@code Launcher} launches and captures. They make device and pinned
 *       buffers, modules and kernels of the images that ship in this package's resources, a stream
 *       beside the device's, graphs, timers. Every result of the driver is checked; each becomes
 *       one clear {@link org.deft4j.tree.DeftException}.
 *   <li>{@code CudaBackend}: the operations of {@link org.deft4j.kernels.Backend} on top of it.
 * </ol>
 *
 * <p>A kernel takes one struct by value ({@code const __grid_constant__ P p}), which {@code
 * ParamBlock} lays out as C does: one pointer through JNI instead of a dozen makes a launch several
 * times cheaper. The kernels' sources and the script that compiles them lie in {@code
 * src/main/cuda}; their images are resources, and a test fails when a source and its image differ.
 *
 * <h2>Precision</h2>
 *
 * Matrices are held in 16 bits: BF16 as they are, F16 as they are, all others as F16. Tensor cores
 * and cuBLAS multiply 16-bit operands; a Q8_0 weight times its scale has at most 19 significant
 * bits and keeps 11 of them, an error (2^-12 relative) below a tenth of what quantizing the weight
 * cost in the first place, and one dequantization at load beats one in every step as long as the
 * model fits, which those that this engine serves do. What a matrix multiplies is rounded to the
 * matrix's type; products accumulate in float32; the residual stream and the logits are float32.
 */
@NullMarked
package org.deft4j.kernels.cuda;

import org.jspecify.annotations.NullMarked;
