package org.deft4j.bench.attention;

import java.util.List;

/**
 * The trees that other tree-attention kernels were published with, as {@link Workload#parse} reads
 * them: nodes of each level / tokens of each.
 */
public final class PublishedTrees {
  /**
   * FastTree's (MLSys'25), all 15: github.com/PanZaifeng/FastTree-Artifact, {@code
   * kernel_bench/run_benchmark.sh}.
   */
  public static final List<String> FAST_TREE =
      List.of(
          "1,2,64/8,256,32",
          "1,4,256/8,256,32",
          "1,4,8,256/8,256,256,32",
          "1,256/256,32",
          "1,1024/2048,32",
          "1,16,64/1024,256,32",
          "1,4,16,512/1024,256,128,32",
          "1,4,16,64,256,1024/256,8,256,64,32,256",
          "1,10/4000,400",
          "1,2,4,8,16,32,64,128,1024/16,16,16,16,16,16,16,16,16",
          "1,2,4,8,16,32,64,128,1024/256,128,64,16,16,16,16,16,16",
          "1,8,16,32,64,128,1024/256,128,64,16,16,16,16",
          "1,8,16,32,64,256,1024/256,128,64,16,16,16,16",
          "1,16,32,64,128,1024/256,128,64,16,16,16",
          "1,16,32,64,256,1024/256,128,64,16,16,16");

  /**
   * What PAT's list (ASPLOS'26) adds: forests, batches that share nothing, and long nodes of the
   * middle level: github.com/flashserve/PAT, {@code benchmark/run_kernel_bench.sh}. Its others
   * differ from FastTree's by a few tokens a node.
   */
  public static final List<String> PAT =
      List.of(
          "1,2,64/1024,256,256",
          "1,8,512/32,512,256",
          "1,8,512/32,2048,256",
          "1,8,512/512,512,256",
          "2,8,16,256/256,256,32,32",
          "4,16,256,512/512,32,128,32",
          "8,16,32,256/512,512,256,32",
          "256/1024",
          "256/4096");

  private PublishedTrees() {}
}
