"""What schemathesis cannot know of the formats in openapi.yaml."""

import unicodedata

import schemathesis
from hypothesis import strategies as st

INVISIBLE = {"Zs", "Zl", "Zp", "Cc", "Cf"}

# A text that the service takes: one visible character at least, and no lone surrogate, which UTF-8 does not have.
schemathesis.openapi.format(
    "visible-text",
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(
        lambda text: any(unicodedata.category(each) not in INVISIBLE for each in text)
    ),
)
