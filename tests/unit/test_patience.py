"""When the wait for a request ends, however the payload goes on."""

from bench.session.patience import RequestLimit


def talk(limit: RequestLimit, every_s: float, *, packets: int = 1, until_s: float = 1e6) -> float:
    """When the wait ends if something comes every so often."""
    now = 0.0
    while limit.left_s(now) > every_s and now < until_s:
        now += every_s
        limit.heard(now, packets)
    return now + max(limit.left_s(now), 0.0)


def test_silence_ends_it() -> None:
    limit = RequestLimit(0.0, silence_s=10.0)
    limit.heard(4.0, 1)
    assert limit.left_s(13.0) == 1.0
    assert limit.left_s(14.0) == 0.0
    assert limit.is_silence(14.0)


def test_a_payload_that_always_says_something_does_not_prolong_it_for_ever() -> None:
    limit = RequestLimit(0.0, silence_s=10.0)
    assert talk(limit, 9.0) == 60.0
    assert not limit.is_silence(60.0)
    assert not limit.too_many


def test_a_flood_ends_it_by_its_number() -> None:
    limit = RequestLimit(0.0, silence_s=10.0)
    assert talk(limit, 0.001, packets=100) < 0.1
    assert limit.too_many
    assert limit.packets == 1000


def test_a_long_answer_has_the_time_and_the_packets_that_its_line_needs() -> None:
    state_bytes, rate = 300_000, 960.0
    limit = RequestLimit(0.0, silence_s=10.0, answer_bytes=state_bytes, line_bytes_per_s=rate)
    packets = -(-state_bytes // 64)
    assert limit.whole_s > 60 + state_bytes / rate
    limit.heard(1.0, packets)
    assert not limit.too_many
    assert RequestLimit(0.0, silence_s=10.0, answer_bytes=state_bytes).whole_s > limit.whole_s, (
        "a slow line is thought of"
    )


def test_a_line_that_was_cut_puts_it_off() -> None:
    limit = RequestLimit(0.0, silence_s=10.0)
    limit.put_off(100.0)
    assert limit.left_s(105.0) == 5.0
