"""How values are written into a header block."""

import pytest

from chassis.messaging.headers import decode_value, encode_header_block


@pytest.mark.parametrize("value", ["ALFKI", "Ünïcode", 'a "quoted" 100 %', "a\r\nce-type: forged"])
def test_a_cloud_event_attribute_comes_out_as_it_went_in_and_ends_no_line(value: str) -> None:
    block = encode_header_block([("ce-subject", value)]).decode("ascii")

    _, line, end = block.split("\r\n")
    assert decode_value("ce-subject", line.removeprefix("ce-subject: ")) == value
    assert end == ""


def test_a_trace_context_is_written_as_the_standard_says() -> None:
    baggage = "tenant=a%2Cb, user=x y"

    block = encode_header_block([("baggage", baggage), ("tracestate", "a=1,b=\r\n2")]).decode()

    assert f"baggage: {baggage}\r\n" in block
    assert "tracestate: a=1,b=%0D%0A2\r\n" in block
    assert decode_value("baggage", baggage) == baggage
