"""
C{benchmarks/compare}: whose turn it is, what figures come to, and what is told of
them. (C{sh bin/bench --quick} measures.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[2]

if HAS_BENCHMARKS := (ROOT / "benchmarks").is_dir():
    from benchmarks.compare import bars, report, results, schedule, tables, works
    from benchmarks.compare.contestants import CONTESTANTS, Door
    from benchmarks.compare.figures import Figures, Measurement, Side
    from benchmarks.compare.running import Pace

inCheckout = skipUnless(HAS_BENCHMARKS, "an installed package has no benchmarks")


def measurement(work: str, contestant: str, cost: float, number: int = 0) -> Measurement:
    """
    One in which each of 1,000 messages has cost so much.
    """
    kind = next((each.kind for each in works.allWorks() if each.name == work), "echo")
    shown: dict[str, Any] = {
        "work": kind,
        "messages": 1_000,
        "seconds": 0.5,
        "cpu": cost * 1_000,
        "latency": {"p50": 0.001, "p99": 0.004},
    }
    if kind == "idle":
        shown |= {"rss_before": 5_000_000, "rss_after": 5_000_000 + cost * 1_000}
    return Measurement(work, contestant, number, shown)


@inCheckout
class FiguresTests(SynchronousTestCase):
    """
    What measurements come to.
    """

    def setUp(self) -> None:
        costs = {"node": (10e-6, 12e-6, 30e-6), "txsocketio": (5e-6, 4e-6, 10e-6)}
        self.figures = Figures(
            measurement("echo20w4", name, cost, number)
            for name, row in costs.items()
            for number, cost in enumerate(row)
        )
        self.node = Side("echo20w4", "node")
        self.ours = Side("echo20w4", "txsocketio")

    def test_cost(self) -> None:
        """
        The median, and not the mean, with what lies farthest away.
        """
        median, least, greatest = self.figures.cost(self.node)
        self.assertAlmostEqual(median, 12e-6)
        self.assertAlmostEqual(least, 10e-6)
        self.assertAlmostEqual(greatest, 30e-6)

    def test_memory(self) -> None:
        """
        Of idle clients the memory counts that has come with them.
        """
        self.assertEqual(measurement("memory", "node", 25_000.0).cost, 25_000.0)

    def test_rate(self) -> None:
        self.assertEqual(self.figures.rate(self.node), 2_000.0)

    def test_latency(self) -> None:
        self.assertEqual(self.figures.latency(self.node, "p99"), 0.004)

    def test_ratio(self) -> None:
        """
        That of the medians; the least and greatest are of one round each.
        """
        ratio, least, greatest = self.figures.ratio(self.node, self.ours)
        self.assertAlmostEqual(ratio, 12 / 5)
        self.assertAlmostEqual(least, 2.0)
        self.assertAlmostEqual(greatest, 3.0)

    def test_ratioOfFewer(self) -> None:
        """
        Who has not been there in a round is not compared with who has.
        """
        figures = Figures(
            [
                measurement("connect", "node", 1e-3),
                measurement("connect", "node", 9e-3, 1),
                measurement("connect", "aiohttp", 2e-3),
            ]
        )
        ratio = figures.ratio(Side("connect", "node"), Side("connect", "aiohttp"))
        self.assertAlmostEqual(ratio.median, 2.5)
        self.assertAlmostEqual(ratio.greatest, 0.5)

    def test_contains(self) -> None:
        self.assertIn(self.node, self.figures)
        self.assertNotIn(Side("echo20w4", "autobahn"), self.figures)


@inCheckout
class ScheduleTests(SynchronousTestCase):
    """
    Whose turn it is.
    """

    def names(self, work: works.Work, runs: int) -> list[str]:
        """
        Who comes, round by round.
        """
        rounds: dict[int, list[str]] = {}
        for turn in schedule.turns([work], runs):
            rounds.setdefault(turn.round, []).append(turn.contestant.name)
        self.assertEqual(list(rounds), list(range(len(rounds))))
        return [" ".join(names) for names in rounds.values()]

    def test_alternates(self) -> None:
        """
        Each comes once a round, and who begins changes.
        """
        work = works.Work("x", "x", "x", "echo", ("node", "txsocketio", "uvicorn"))
        self.assertEqual(
            self.names(work, 4),
            [
                "node txsocketio uvicorn",
                "txsocketio uvicorn node",
                "uvicorn node txsocketio",
                "node txsocketio uvicorn",
            ],
        )

    def test_fewer(self) -> None:
        """
        Those that no bar hangs on come to three of seven rounds, and so do all
        in a sweep.
        """
        work = works.Work("x", "x", "x", "echo", ("node", "autobahn"))
        told = self.names(work, 7)
        self.assertEqual([len(names.split()) for names in told], [2, 2, 2, 1, 1, 1, 1])
        sweep = works.Work("x", "x", "x", "echo", ("node",), runs=works.FEWER)
        self.assertEqual(self.names(sweep, 7), ["node"] * 3)
        self.assertEqual(self.names(sweep, 1), ["node"])

    def test_remaining(self) -> None:
        """
        What is left is told by how long the others have taken.
        """
        pace = Pace(0.5, 1.0)
        work = works.Work("x", "x", "x", "echo", ("node",), clients=0)
        plan = list(schedule.turns([work], 4))
        each = plan[0].estimate(pace)
        remaining = schedule.Remaining(plan, pace)
        self.assertAlmostEqual(remaining.seconds, 4 * each)
        remaining.taken(plan[0], 2 * each)
        self.assertAlmostEqual(remaining.seconds, 6 * each)

    def test_estimate(self) -> None:
        """
        Many clients take longer to come.
        """
        few, many = (
            works.Work("x", "x", "x", "echo", ("node",), clients=clients)
            for clients in (100, 10_100)
        )
        turns = list(schedule.turns([few, many], 1))
        times = [turn.estimate(Pace(0.0, 1.0)) for turn in turns]
        self.assertAlmostEqual(times[1] - times[0], 10_000 * CONTESTANTS["node"].connecting)

    def test_clock(self) -> None:
        self.assertEqual(
            [schedule.clock(each) for each in (-1, 9.6, 725)], ["0:00", "0:10", "12:05"]
        )


@inCheckout
class WorksTests(SynchronousTestCase):
    """
    What there is to do.
    """

    def setUp(self) -> None:
        self.works = works.allWorks()

    def test_names(self) -> None:
        """
        No two go by the same name.
        """
        names = [work.name for work in self.works] + [*{work.group for work in self.works}]
        self.assertEqual(len(names), len(set(names)))

    def test_contestants(self) -> None:
        """
        All who do something are there, ours among them, and as they are told
        from others.
        """
        for work in self.works:
            self.assertLessEqual({*work.contestants}, {*CONTESTANTS}, work)
            self.assertIn("txsocketio", work.contestants)

    def test_sizes(self) -> None:
        """
        A message is as long as the work says, and none is too long.
        """
        self.assertEqual(len(f'42["echo",{works.text(16)}]'), 16)
        longest = max(len(f'42["echo",{work.payload}]'.encode()) for work in self.works)
        self.assertLessEqual(longest, works.MAX_MESSAGE)
        self.assertGreater(longest, 0.99 * works.MAX_MESSAGE)

    def test_document(self) -> None:
        """
        The one of 900 bytes is, and holds all that JSON has.
        """
        text = works.document()
        self.assertTrue(860 < len(text.encode("utf-8")) < 940, len(text))
        kinds = {type(value) for value in json.loads(text).values()}
        self.assertEqual(kinds, {int, str, dict, float, type(None), list})

    def test_chosen(self) -> None:
        """
        By name and by group, in the order that all have.
        """
        found = works.chosen(self.works, ["sizes", "echo20w1"])
        self.assertEqual([work.name for work in found][:3], ["echo20w1", "size16", "size64"])
        self.assertEqual(works.chosen(self.works, []), list(self.works))

    def test_unknown(self) -> None:
        with self.assertRaisesRegex(ValueError, "no work and no group: echo, size"):
            works.chosen(self.works, ["echo", "bars", "size"])

    def test_few(self) -> None:
        """
        The quick run has each work of the bars and each kind, by few clients.
        """
        quick = works.few(self.works)
        names = {work.name for work in quick}
        self.assertLessEqual({bar.ours.work for bar in bars.BARS}, names)
        self.assertEqual({work.group for work in quick}, {work.group for work in self.works})
        self.assertLessEqual(max(work.clients for work in quick), 100)
        self.assertLess(len(quick), len(self.works))
        everybody = {name for work in quick for name in work.contestants}
        self.assertLessEqual({"node", "txsocketio", "uvicorn", "aiohttp", "autobahn"}, everybody)

    def test_files(self) -> None:
        """
        A client of long polling takes two, and a crowd its own.
        """
        sizes = {work.name: work.files for work in self.works}
        self.assertEqual(sizes["memory"], 2_000)
        self.assertEqual(sizes["polling"], 200)
        self.assertEqual(sizes["quiet-fanout"], 10_001)

    def test_without(self) -> None:
        work = self.works[0].without(["autobahn", "aiohttp", "wsproto"])
        self.assertEqual(work.contestants, ["node", "txsocketio", "uvicorn"])


@inCheckout
class BarsTests(SynchronousTestCase):
    """
    What is enough.
    """

    def figures(self, **costs: float) -> Figures:
        """
        Ours costs 1, and others what is said here.
        """
        return Figures(
            measurement(work, name, cost)
            for work in ("echo20w4", "memory")
            for name, cost in {"txsocketio": 1.0, **costs}.items()
        )

    def verdicts(self, figures: Figures) -> list[tuple[str, str, bool]]:
        """
        Of the bars that can be told: the work, beside whom, and whether.
        """
        return [
            (bar.ours.work, bar.theirs.contestant, bar.isMet(figures))
            for bar in bars.BARS
            if bar.isMeasured(figures)
        ]

    def test_verdicts(self) -> None:
        """
        Of messages more is better, of memory less.
        """
        self.assertEqual(
            self.verdicts(self.figures(node=2.3, uvicorn=13.9)),
            [
                ("echo20w4", "node", True),
                ("echo20w4", "uvicorn", False),
                ("memory", "node", False),
                ("memory", "uvicorn", True),
            ],
        )
        self.assertEqual(
            self.verdicts(self.figures(node=4.0)),
            [("echo20w4", "node", True), ("memory", "node", True)],
        )

    def test_told(self) -> None:
        """
        A line for each, measured or not.
        """
        lines = list(bars.told(self.figures(node=2.0)))
        self.assertEqual(len(lines), len(bars.BARS))
        self.assertTrue(lines[0].startswith("echo20w4, txsocketio"))
        self.assertTrue(lines[0].endswith(">= 2.2    2.00  NOT MET"), lines[0])
        self.assertTrue(lines[1].endswith("not measured"), lines[1])

    def test_works(self) -> None:
        """
        Each bar is for what is measured, by those who do it.
        """
        byName = {work.name: work for work in works.allWorks()}
        for bar in bars.BARS:
            for side in (bar.ours, bar.theirs):
                self.assertIn(side.contestant, byName[side.work].contestants)


@inCheckout
class TablesTests(SynchronousTestCase):
    """
    What is told.
    """

    def setUp(self) -> None:
        self.results = results.Results(
            {"processor": "slow"},
            Pace(0.5, 1.0),
            [
                measurement("echo20w4", "node", 10e-6),
                measurement("echo20w4", "node", 12e-6, 1),
                measurement("echo20w4", "txsocketio", 5.5e-6),
                measurement("memory", "txsocketio", 2_000.0),
            ],
            ["aiohttp, echo20w4: nothing came"],
        )

    def test_simple(self) -> None:
        self.assertEqual(
            tables.simple([["a", "long"], ["longer", ""]]),
            "======  ====\na       long\n======  ====\nlonger\n======  ====",
        )

    def test_short(self) -> None:
        """
        One run is told by its cost, and by its latency where the rate is given.
        """
        byName = {work.name: work for work in works.allWorks()}
        told = tables.short(byName["echo20w4"], measurement("echo20w4", "node", 12e-6))
        self.assertEqual(told.split(), ["12.0", "µs", "2,000/s"])
        told = tables.short(byName["rate1000"], measurement("rate1000", "node", 12e-6))
        self.assertEqual(told, "1.00 / 4.00 ms")

    def table(self, title: str) -> list[list[str]]:
        """
        The cells of a table, row by row.
        """
        text = dict(tables.sections(self.results))[title]
        return [
            [cell for cell in line.split("  ") if cell.strip()]
            for line in text.splitlines()
            if not line.startswith("=")
        ]

    def cells(self, title: str) -> list[list[str]]:
        """
        The same without white space.
        """
        return [[cell.strip() for cell in row] for row in self.table(title)]

    def test_costs(self) -> None:
        """
        With a unit, the spread, and a mark where nothing has been measured.
        """
        self.assertEqual(
            self.cells("Bars: what one costs the server, processor time or memory"),
            [
                ["Node, socket.io", "txsocketio"],
                ["echo, 20 B, 4 in flight", "11.0 µs ± 9%", "5.5 µs ± 0%"],
                ["memory per idle client, of 2,000", r"\-", "2.0 kB ± 0%"],
            ],
        )

    def test_ratios(self) -> None:
        self.assertEqual(
            self.cells("Bars: how many times less than Node's (higher is better)")[1:],
            [
                ["echo, 20 B, 4 in flight", "1.00", "2.00"],
                ["memory per idle client, of 2,000", r"\-", r"\-"],
            ],
        )

    def test_bars(self) -> None:
        """
        Those that can be told.
        """
        row = ["echo, 20 B, 4 in flight, txsocketio", "Node, socket.io", "≥ 2.2", "2.00", "not met"]
        self.assertEqual(self.cells("The bars")[1:], [row])

    def test_failed(self) -> None:
        """
        What has failed is told.
        """
        self.assertIn("- aiohttp, echo20w4: nothing came\n", tables.report(self.results))

    def test_kept(self) -> None:
        """
        What is written is what is read, and makes the same tables.
        """
        path = Path(self.mktemp())
        results.write(self.results, path)
        again = results.read(path)
        self.assertEqual(again, self.results)
        self.assertEqual(tables.report(again), tables.report(self.results))

    def test_filled(self) -> None:
        """
        The page gets the tables, and keeps all else.
        """
        page = "Before\n\n" + report.BEGIN + "old\n" + report.END + "\nAfter\n"
        filled = report.filled(page, self.results)
        self.assertTrue(filled.startswith("Before\n\n"))
        self.assertTrue(filled.endswith("\nAfter\n"))
        self.assertNotIn("old", filled)
        self.assertIn("11.0 µs", filled)
        self.assertEqual(report.filled(filled, self.results), filled)


@inCheckout
class ContestantsTests(SynchronousTestCase):
    """
    How servers are started.
    """

    def words(self, name: str, door: Door) -> Sequence[str]:
        """
        The command.
        """
        return [str(word) for word in CONTESTANTS[name].command(door)]

    def test_plain(self) -> None:
        """
        Each is told its port, and nothing that it would not do by itself.
        """
        for name in CONTESTANTS:
            self.assertIn("8123", " ".join(self.words(name, Door(8123))))
        self.assertNotIn("perMessageDeflate", " ".join(self.words("txsocketio", Door(8123))))
        self.assertEqual(json.loads(self.words("node", Door(8123))[-1]), {"deflate": False})

    def test_others(self) -> None:
        """
        TLS and compression.
        """
        door = Door(8123, True, Path("k"), Path("c"))
        ours = self.words("txsocketio", door)
        self.assertIn("--set=perMessageDeflate=true", ours)
        self.assertTrue(any("ssl:8123:" in word and "privateKey=k" in word for word in ours), ours)
        self.assertEqual(
            json.loads(self.words("wsproto", door)[-1]),
            {"deflate": True, "key": "k", "certificate": "c", "ws": "wsproto"},
        )


def _kept() -> Iterator[Path]:
    if HAS_BENCHMARKS:
        yield report.KEPT / "latest.json"


@skipUnless(all(path.exists() for path in _kept()) and HAS_BENCHMARKS, "nothing has been kept")
class PageTests(SynchronousTestCase):
    """
    C{docs/performance.rst} shows what has been measured.
    """

    def test_tables(self) -> None:
        shown = results.read(report.KEPT / "latest.json")
        page = report.PAGE.read_text("utf-8")
        self.assertEqual(page, report.filled(page, shown))
        self.assertIn(tables.report(shown), page)
        self.assertEqual((report.KEPT / "tables.rst").read_text("utf-8"), tables.report(shown))
