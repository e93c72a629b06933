"""What is held before asking and charged afterwards."""

import hypothesis.strategies as st
from hypothesis import given

from headrace.domain.model import Field, Result
from headrace.domain.pricing import PriceBook
from tests.domain.builders import EMAIL, PERSONAL, PHONE

LIST = {EMAIL: 3000, PERSONAL: 30000, PHONE: 30000}
BOOK = PriceBook(LIST)
SPECIAL = PriceBook(LIST, {("a", PHONE): 45000, ("b", PHONE): 10000})

prices = st.integers(0, 100_000)
books = st.builds(
    PriceBook,
    st.fixed_dictionaries(dict.fromkeys(Field, prices)),
    st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from(Field)), prices),
)
results = st.lists(st.sampled_from(Field), unique=True).flatmap(
    lambda wanted: st.tuples(
        *(
            st.builds(Result, st.just(each), st.sampled_from([(), ("x",)]), provider=st.sampled_from("abcd"))
            for each in wanted
        )
    )
)


def test_every_wanted_field_is_held() -> None:
    assert BOOK.to_hold([EMAIL]) == 3000
    assert BOOK.to_hold(Field) == 63000
    assert BOOK.to_hold([]) == 0


def test_only_what_was_found_is_charged() -> None:
    assert BOOK.to_charge([Result(EMAIL, ("x",), provider="a"), Result(PHONE)]) == 3000
    assert BOOK.to_charge([Result(EMAIL), Result(PHONE)]) == 0


def test_several_numbers_cost_as_much_as_one() -> None:
    assert BOOK.to_charge([Result(PHONE, ("1", "2", "3"), provider="a")]) == 30000


def test_the_dearest_vendor_is_held_and_the_one_that_found_is_charged() -> None:
    assert SPECIAL.to_hold([PHONE]) == 45000
    assert SPECIAL.to_charge([Result(PHONE, ("1",), provider="b")]) == 10000
    assert SPECIAL.to_charge([Result(PHONE, ("1",), provider="c")]) == 30000


def test_a_price_of_its_own_for_one_field_leaves_the_others_alone() -> None:
    assert SPECIAL.to_hold([EMAIL]) == 3000
    assert SPECIAL.to_charge([Result(EMAIL, ("x",), provider="a")]) == 3000


@given(books, results)
def test_never_more_is_charged_than_was_held(book: PriceBook, found: tuple[Result, ...]) -> None:
    assert 0 <= book.to_charge(found) <= book.to_hold(result.field for result in found)
