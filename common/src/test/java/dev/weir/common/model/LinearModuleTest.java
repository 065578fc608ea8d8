package dev.weir.common.model;

import static dev.weir.common.model.LinearModule.ATTENTION_OUTPUT;
import static dev.weir.common.model.LinearModule.KEY;
import static dev.weir.common.model.LinearModule.QUERY;
import static dev.weir.common.model.LinearModule.VALUE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LinearModuleTest {
  @Test
  void parsesListsAndGroups() {
    assertThat(LinearModule.parse("value, Query")).containsExactlyInAnyOrder(QUERY, VALUE);
    assertThat(LinearModule.parse("attention"))
        .containsExactlyInAnyOrder(QUERY, KEY, VALUE, ATTENTION_OUTPUT);
    assertThat(LinearModule.parse("all-linear")).containsExactly(LinearModule.values());
    assertThat(LinearModule.parse("attention_output")).containsExactly(ATTENTION_OUTPUT);
  }

  @Test
  void unknownModuleNamesTheChoices() {
    for (String spec : new String[] {"", "query,", "q_lin"}) {
      assertThatThrownBy(() -> LinearModule.parse(spec))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("query, key, value, attention-output, intermediate, output");
    }
  }
}
