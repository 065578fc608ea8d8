"""What schemathesis cannot know of the formats in openapi.yaml."""

import unicodedata
from datetime import datetime

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

# An id: a visible character at least, and none that stands for bytes that were no UTF-8.
schemathesis.openapi.format(
    "identifier",
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), min_size=1, max_size=200).filter(
        lambda text: any(unicodedata.category(each) not in INVISIBLE for each in text)
    ),
)

# A time by the rule of EventTimes: ISO-8601 with or without a zone, a date, or a number as text. Years away from the
# ends, where a zone would move the time out of the range that is taken.
TIMES = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9998, 12, 31))
schemathesis.openapi.format(
    "event-time",
    st.one_of(
        TIMES.map(lambda time: time.isoformat()),
        TIMES.map(lambda time: time.isoformat(sep=" ") + "Z"),
        TIMES.map(lambda time: time.isoformat(timespec="minutes") + "+05:30"),
        TIMES.map(lambda time: time.date().isoformat()),
        st.integers(min_value=0, max_value=10**20 - 1).map(str),
    ),
)


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what the tool believes to be invalid for a format alone.

    It does not know the formats above when it wants to violate one: it leaves the format away and takes whatever is
    drawn for a violation, a good text or a number as well. That the service refuses blank texts and ids, and times that
    are none, is tested in Java (TextEdgeCasesIT, EventReaderTest, EventTimesTest).
    """
    mutations = getattr(case.meta.phase.data, "mutations", ()) if case.meta else ()
    return not any(set(mutation.keywords) == {"format"} for mutation in mutations)
