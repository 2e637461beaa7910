from __future__ import annotations

from typing import get_type_hints

from hypothesis import given
from hypothesis import strategies as st

from lamb.sandbox.spec import Base, Order, WallError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
tuples = st.lists(texts, max_size=4).map(tuple)


@given(st.builds(Base, **dict.fromkeys(Base._fields, texts) | {"walls": tuples, "hidden": tuples}))
def test_a_base_survives_its_way_to_the_zygote(base: Base):
    assert Base.loads(base.dumps()) == base


FIELDS = {
    int: st.integers(),
    str: texts,
    bool: st.booleans(),
    dict[str, str]: st.dictionaries(texts, texts),
}
orders = st.builds(Order, **{name: FIELDS[kind] for name, kind in get_type_hints(Order).items()})


@given(orders)
def test_an_order_survives_its_way_to_the_environment(order: Order):
    assert Order.loads(order.dumps()) == order


def test_a_wall_error_names_the_wall_and_the_reason():
    assert str(WallError("mount", "no such device")) == "mount: no such device"
