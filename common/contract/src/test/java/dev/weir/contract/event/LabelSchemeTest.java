package dev.weir.contract.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LabelSchemeTest {

  @Test
  void otherCaseAndAliasesMeanTheCanonicalLabel() {
    assertThat(LabelScheme.SENTIMENT.canonical(" POSITIVE ")).contains("positive");
    assertThat(LabelScheme.SENTIMENT.canonical("0")).contains("negative");
    assertThat(LabelScheme.SENTIMENT.canonical("so-so")).isEmpty();
  }

  @Test
  void starsBetweenTheSpansMeanNoLabel() {
    assertThat(LabelScheme.SENTIMENT.forStars(4.5)).contains("positive");
    assertThat(LabelScheme.SENTIMENT.forStars(3)).isEmpty();
  }

  @Test
  void oppositeExistsOnlyAmongTwo() {
    assertThat(LabelScheme.SENTIMENT.opposite("negative")).contains("positive");
    assertThat(LabelScheme.parse("a,b,c").opposite("a")).isEmpty();
  }

  @Test
  void refusesOneLabelEmptyLabelAndSpellingWithTwoMeanings() {
    assertThatThrownBy(() -> LabelScheme.parse("only")).hasMessageContaining("at least two");
    assertThatThrownBy(() -> LabelScheme.parse("a,,b")).hasMessageContaining("empty label");
    assertThatThrownBy(() -> LabelScheme.parse("a|x,b|X")).hasMessageContaining("means both");
    assertThatThrownBy(() -> LabelScheme.parse("a@5-4,b")).hasMessageContaining("empty");
    assertThatThrownBy(() -> LabelScheme.parse("a@few,b")).hasMessageContaining("span of stars");
  }

  @Test
  void starsOfTwoLabelsMustNotOverlap() {
    assertThatThrownBy(() -> LabelScheme.parse("neg@1-2,neu@2-4,pos@4-5"))
        .hasMessageContaining("overlap")
        .hasMessageContaining("'neg'");
    assertThat(LabelScheme.parse("neg@1-2,neu@3,pos@4-5,none").forStars(3)).contains("neu");
  }

  @Test
  void namesInAnotherFormAreRefused() {
    for (String written :
        new String[] {"{\"labels\":[\"a\",\"b\"]}", "[a,b]", "a=1,b=2", "a\tb,c"}) {
      assertThatThrownBy(() -> LabelScheme.parse(written)).hasMessageContaining("is no label");
    }
    assertThat(LabelScheme.parse("C++,+1|yes, très bien ").names())
        .containsExactly("C++", "+1", "très bien");
  }

  @Test
  void invisibleCharactersAroundALabelDoNotMatter() {
    for (String written : new String[] {"positive\u00A0", "\u200Bpositive", "\uFEFF Positive\t"}) {
      assertThat(LabelScheme.SENTIMENT.canonical(written)).contains("positive");
    }
    assertThat(LabelScheme.trimmed("\u200B")).isEmpty();
  }

  @Test
  void catalogKnowsDeclaredAdaptersAndTheStar() {
    AdapterCatalog catalog = AdapterCatalog.parse("default=n,p;*=a,b");
    assertThat(catalog.scheme("default").orElseThrow().names()).containsExactly("n", "p");
    assertThat(catalog.scheme("other").orElseThrow().names()).containsExactly("a", "b");
    assertThat(AdapterCatalog.SENTIMENT.scheme("other")).isEmpty();
    assertThatThrownBy(() -> AdapterCatalog.parse("a=n,p;a=n,p")).hasMessageContaining("twice");
    assertThatThrownBy(() -> AdapterCatalog.parse("A B=n,p")).hasMessageContaining("match");
    assertThatThrownBy(() -> AdapterCatalog.parse("a")).hasMessageContaining("no labels");
  }
}
