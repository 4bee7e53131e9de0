"""A parser of command lines that, for a word it does not know, names the nearest one that it does."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn


class WordParser(argparse.ArgumentParser):
    """As its base, and so are its subcommands."""

    def parse_known_args(  # type: ignore[override] # the stub has overloads for namespaces of other types
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Options that nobody knows are named here, where those of the subcommand are known."""
        options, unknown = super().parse_known_args(args, namespace or argparse.Namespace())
        odd = next((word.partition("=")[0] for word in unknown if word.startswith("--")), None)
        if odd is not None:
            known = [option for option in self._option_string_actions if option.startswith("--")]
            self.error(f"unknown option {odd}: {_nearest(odd, known)}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Exit status 2, the usage, what is wrong, and what was meant if that can be told."""
        wrong = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if wrong is not None:
            meant = _nearest(wrong[1], re.findall(r"[\w.-]+", wrong[2]))
            message = f"{message[: wrong.start()]}invalid choice: {wrong[1]!r}: {meant}"
        super().error(message)


class ShowVersion(argparse.Action):
    """`--version`: of the bench, of the contract that it speaks, and of what runs it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        from firmware_if.messages import FINGERPRINT, VERSION

        print(f"bench {version('hil-bench')}, contract {VERSION} ({FINGERPRINT:016X}), Python {sys.version.split()[0]}")
        parser.exit()


def _nearest(word: str, known: Sequence[str]) -> str:
    from bench.strict import nearest_hint

    return nearest_hint(word, known)
