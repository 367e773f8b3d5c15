"""
Tests for L{txsocketio.outgoing.lifecycle}: the table, and what it leads to.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.outgoing.lifecycle import DEADLINES, TABLE, Action, Input, Life, State
from txsocketio.outgoing.link import _ACTIONS
from txsocketio.settings import Settings

SETTINGS = Settings(
    heartbeatInterval=10.0,
    heartbeatTimeout=5.0,
    connectTimeout=20.0,
    upgradeTimeout=7.0,
    farewellTimeout=3.0,
)

OVER = (State.CLOSED, State.SILENT, State.SILENT)


class LifeTests(SynchronousTestCase):
    """
    One life, step by step.
    """

    def live(self, *inputs: Input, serverBeats: bool = True) -> list[Action]:
        """
        A new life, and what is to be done in it.
        """
        self.life = Life(SETTINGS, serverBeats)
        self.life.begin(0.0)
        return [action for each in inputs for action in self.life.step(each, 0.0)]

    def expires(self, at: float) -> Input:
        """
        The next deadline, which is then.
        """
        self.assertIsNone(self.life.expired(at - 0.01))
        expired = self.life.expired(at)
        assert expired is not None
        return expired[0]

    def test_opens(self) -> None:
        self.assertEqual(self.live(Input.GREETED), [Action.OPEN])
        self.assertEqual(self.life.states, (State.OPEN, State.LISTENING, State.SETTLED))

    def test_neverOpens(self) -> None:
        self.live()
        self.assertIs(self.expires(20.0), Input.NEVER_OPENED)
        self.assertEqual(self.life.step(Input.NEVER_OPENED, 20.0), (Action.END, Action.CUT))
        self.assertEqual(self.life.states, OVER)

    def test_fails(self) -> None:
        for before in ((), (Input.GREETED,), (Input.GREETED, Input.OFFERED, Input.SHOWN)):
            done = self.live(*before, Input.FAIL)
            self.assertEqual(done[-2:], [Action.END, Action.CUT])
            self.assertEqual(self.life.states, OVER)
            self.assertEqual([self.life.step(each, 1.0) for each in Input], [()] * len(Input))

    def test_leaves(self) -> None:
        """
        What was sent before still leaves, but not for ever.
        """
        self.assertEqual(
            self.live(Input.GREETED, Input.CLOSE), [Action.OPEN, Action.END, Action.GOODBYE]
        )
        self.assertIs(self.expires(3.0), Input.FAREWELL_OVER)
        for end in (Input.FAREWELL_OVER, Input.DRAINED, Input.FAIL):
            self.live(Input.GREETED, Input.CLOSE)
            self.assertEqual(self.life.step(end, 1.0), (Action.CUT,))
            self.assertEqual(self.life.states, OVER)

    def test_leavesUnopened(self) -> None:
        self.assertEqual(self.live(Input.CLOSE), [Action.END, Action.CUT])

    def test_listens(self) -> None:
        """
        Where the server beats, it may be silent for interval and timeout.
        """
        self.live(Input.GREETED)
        self.life.step(Input.BEATEN, 8.0)
        self.assertIs(self.expires(23.0), Input.BEAT_MISSED)
        self.assertEqual(self.life.step(Input.BEAT_MISSED, 23.0), (Action.END, Action.CUT))

    def test_beats(self) -> None:
        """
        Where we do, we wait for an answer each time.
        """
        self.live(Input.GREETED, serverBeats=False)
        self.assertIs(self.expires(10.0), Input.BEAT_DUE)
        self.assertEqual(self.life.step(Input.BEAT_DUE, 10.0), (Action.BEAT,))
        self.life.step(Input.ANSWERED, 11.0)
        self.assertIs(self.expires(21.0), Input.BEAT_DUE)
        self.life.step(Input.BEAT_DUE, 21.0)
        self.assertIs(self.expires(26.0), Input.BEAT_MISSED)

    def test_moves(self) -> None:
        self.live(Input.GREETED)
        self.assertEqual(self.life.step(Input.OFFERED, 0.0), (Action.TRY,))
        self.assertEqual(self.life.step(Input.SHOWN, 1.0), (Action.PAUSE,))
        self.assertEqual(self.life.step(Input.STOPPED, 2.0), (Action.SWITCH,))
        self.assertIs(self.life.passage, State.SETTLED)

    def test_turnsBack(self) -> None:
        """
        What fails before the old transport has stopped leaves all as it was.
        """
        for end in (Input.WITHDRAWN, Input.TRIED_IN_VAIN):
            self.live(Input.GREETED, Input.OFFERED)
            self.assertEqual(self.life.step(end, 1.0), (Action.REJECT,))
            self.live(Input.GREETED, Input.OFFERED, Input.SHOWN)
            self.assertEqual(self.life.step(end, 1.0), (Action.REJECT, Action.RESUME))
            self.assertEqual(self.life.passage, State.SETTLED)

    def test_triesInVain(self) -> None:
        for before in ((Input.OFFERED,), (Input.OFFERED, Input.SHOWN)):
            self.live(Input.GREETED, *before)
            self.assertIs(self.expires(7.0), Input.TRIED_IN_VAIN)

    def test_leavesMeanwhile(self) -> None:
        self.live(Input.GREETED, Input.OFFERED)
        self.assertEqual(
            self.life.step(Input.CLOSE, 1.0), (Action.END, Action.GOODBYE, Action.REJECT)
        )
        self.live(Input.GREETED, Input.OFFERED, Input.SHOWN)
        self.assertEqual(
            self.life.step(Input.CLOSE, 1.0),
            (Action.END, Action.GOODBYE, Action.REJECT, Action.RESUME),
        )


class TableTests(SynchronousTestCase):
    """
    The table as a whole.
    """

    def test_complete(self) -> None:
        """
        All inputs, states and actions are used, each deadline has its row, and
        the link knows how to do everything.
        """
        self.assertEqual({what for _, what in TABLE}, set(Input))
        self.assertEqual({state for state, _ in TABLE} | {State.CLOSED, State.SILENT}, set(State))
        self.assertEqual({action for _, row in TABLE.values() for action in row}, set(Action))
        self.assertEqual(set(_ACTIONS), set(Action))
        for state, (_, what) in DEADLINES.items():
            self.assertIn((state, what), TABLE)
