"""A run while it goes on, or as it went: on a screen, or in plain lines where there is no terminal.

    trace.jsonl --tail--> entries --fold--> RunState --view--> lines of text --live--> terminal

`fold` is a function of the entries and of the run folder's recording, scenario, target and section table; RunState is
bounded, whatever the length of the trace, and is saved beside it as monitor.json. `view` is a function of a state, a
size and a time. Only `live` has a clock and a terminal. A run that is watched from its own command is watched by a
process of its own, which reads the trace as any other would: no drawing holds up the link, and none can end the run.
"""
