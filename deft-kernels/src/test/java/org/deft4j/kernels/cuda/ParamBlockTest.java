package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ParamBlockTest {
  @Test
  void fieldsAreLaidOutAsInC() {
    // struct { int a; void* b; float c; int d; int e; }
    ParamBlock p = new ParamBlock(64).clear().i32(1).i64(2).f32(3).i32(4).i32(5);
    assertThat(p.size()).isEqualTo(32);
    assertThat(p.data().getInt(0)).isEqualTo(1);
    assertThat(p.data().getLong(8)).isEqualTo(2);
    assertThat(p.data().getFloat(16)).isEqualTo(3f);
    assertThat(p.data().getInt(20)).isEqualTo(4);
    assertThat(p.data().getInt(24)).isEqualTo(5);
    assertThat(p.clear().i32(7).i32(8).size()).isEqualTo(8);
  }
}
