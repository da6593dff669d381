/** What needs workloads and the inside of the CUDA backend at once. */
@org.jspecify.annotations.NullMarked
package org.deft4j.kernels.cuda;
