"""The runs that one socket follows."""

from uuid import UUID

from web.chat.run_view import RunViews, Viewer

RUNS_WATCHED = 10


class WatchedRuns:
    """So many at once; with one more the oldest is left. `viewer` takes what is sent of them, encoded."""

    def __init__(self, views: RunViews, language: str, viewer: Viewer) -> None:
        self._views = views
        self._language = language
        self._viewer = viewer
        self._watched: dict[UUID, None] = {}  # in the order they were asked for

    async def follow(self, run: UUID, after: int = 0) -> None:
        """Send what came in a run after event `after`, and what comes. The caller has checked who may read it."""
        if run not in self._watched and len(self._watched) >= RUNS_WATCHED:
            oldest = next(iter(self._watched))
            del self._watched[oldest]
            await self._views.leave(oldest, self._language, self._viewer)
        self._watched[run] = None
        await self._views.watch(run, self._language, self._viewer, after)

    async def leave_all(self) -> None:
        """Follow none any more."""
        while self._watched:
            run, _ = self._watched.popitem()
            await self._views.leave(run, self._language, self._viewer)
