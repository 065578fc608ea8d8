package dev.weir.model.spec;

import static dev.weir.model.spec.LinearModule.ATTENTION_OUTPUT;
import static dev.weir.model.spec.LinearModule.KEY;
import static dev.weir.model.spec.LinearModule.QUERY;
import static dev.weir.model.spec.LinearModule.VALUE;
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
  void understandsTheNamesInPeftsTargetModules() {
    assertThat(LinearModule.parse("q_lin,attention.v_lin")).containsExactlyInAnyOrder(QUERY, VALUE);
    assertThat(LinearModule.parse("q_lin,k_lin,v_lin,out_lin,lin1,lin2"))
        .containsExactly(LinearModule.values());
    assertThat(LinearModule.parse("attention.self.query,intermediate.dense"))
        .containsExactlyInAnyOrder(QUERY, LinearModule.INTERMEDIATE);
    assertThat(LinearModule.parse("output.dense"))
        .containsExactlyInAnyOrder(ATTENTION_OUTPUT, LinearModule.OUTPUT);
    assertThat(LinearModule.parse("attention.output.dense")).containsExactly(ATTENTION_OUTPUT);
  }

  @Test
  void unknownModuleNamesTheChoices() {
    for (String spec : new String[] {"", "query,", "qlin", "self"}) {
      assertThatThrownBy(() -> LinearModule.parse(spec))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("query, key, value, attention-output, intermediate, output");
    }
  }
}
