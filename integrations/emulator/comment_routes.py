"""What the Graph API answers at posts and comments of the Page and of the Instagram account."""

from integrations.emulator import errors
from integrations.emulator.calls import Call
from integrations.emulator.fields import Json
from integrations.emulator.messenger_routes import time_of
from integrations.emulator.messenger_sends import MessengerSends
from integrations.emulator.progress import Progress
from integrations.emulator.state import World
from integrations.emulator.things import ActionError, App, Comment, Post

# Recalled.
COMMENT_CHARACTERS: dict[App, int] = {"messenger": 8000, "instagram": 2200}


class CommentRoutes:
    """Posts and comments of one app."""

    def __init__(self, app: App, world: World, sends: MessengerSends, progress: Progress) -> None:
        self._app = app
        self._world = world
        self._sends = sends
        self._progress = progress

    def post(self, call: Call, post: Post) -> Json:
        """A call to `/{POST}` or Instagram's `/{MEDIA}`. Raises GraphError."""
        match call.method, call.edge:
            case "GET", "":
                return call.asked().of(self._post(post))
            case "GET", "comments":
                return {"data": [self._comment(post, comment) for comment in self._shown(post)]}
            case "POST", "comments":
                return self._answer(call, post, "")
            case _:
                raise errors.NoObject(call.node, call.method)

    async def comment(self, call: Call, post: Post, comment: Comment) -> Json:
        """A call to `/{COMMENT}/...`. Raises GraphError."""
        call.about.append(comment.id)
        match call.method, call.edge:
            case "GET", "":
                return call.asked().of(self._comment(post, comment))
            case "GET", "comments" | "replies":
                replies = [reply for reply in self._shown(post) if reply.parent == comment.id]
                return {"data": [self._comment(post, reply) for reply in replies]}
            case "POST", "comments" if self._app == "messenger":
                return self._answer(call, post, comment.id)
            case "POST", "replies" if self._app == "instagram":
                return self._answer(call, post, comment.id)
            case "POST", "private_replies":
                return await self._private(call, comment)
            case "POST", "":
                self._change(call, post, comment)
                return {"success": True}
            case "DELETE", "":
                self._world.delete_comment(post, comment.id)
                return {"success": True}
            case _:
                raise errors.NoObject(call.node, call.method)

    def feed(self, call: Call) -> Json:
        """`GET /{PAGE}/feed`, `/{PAGE}/posts` or `/{IG}/media`: the newest first."""
        posts = [post for post in reversed(self._world.posts.values()) if post.app == self._app and not post.by]
        return {"data": [call.asked().of(self._post(post)) for post in posts]}

    def mention(self, call: Call) -> Json:
        """`POST /{IG}/mentions`: answer where somebody else named the account."""
        post = self._world.posts.get(call.text("media_id"))
        comment_id = call.text("comment_id")
        if post is None or post.app != "instagram":
            raise errors.NoObject(call.text("media_id"), call.method)
        if comment_id and self._world.find_comment("instagram", comment_id) is None:
            raise errors.NoObject(comment_id, call.method)
        return self._answer(call, post, comment_id)

    def mentioned(self, call: Call) -> Json | None:
        """`GET /{IG}?fields=mentioned_comment.comment_id(ID){...}` or mentioned_media; None where neither is asked."""
        fields = call.text("fields")
        account = self._world.accounts["instagram"]
        for name, key in (("mentioned_comment", "comment_id"), ("mentioned_media", "media_id")):
            start = f"{name}.{key}("
            if start not in fields:
                continue
            wanted = fields.partition(start)[2].partition(")")[0]
            if name == "mentioned_media":
                post = self._world.posts.get(wanted)
                if post is None or post.app != "instagram":
                    raise errors.NoObject(wanted, call.method)
                return {name: self._post(post), "id": account.id}
            found = self._world.find_comment("instagram", wanted)
            if found is None:
                raise errors.NoObject(wanted, call.method)
            return {name: self._comment(*found), "id": account.id}
        return None

    def _answer(self, call: Call, post: Post, parent: str) -> Json:
        text = call.text("message")
        if not text.strip():
            raise errors.messenger(100, message="The parameter message is required")
        if len(text) > COMMENT_CHARACTERS[self._app]:
            limit = COMMENT_CHARACTERS[self._app]
            raise errors.messenger(100, message=f"Length of param message must be less than or equal to {limit}")
        try:
            comment = self._world.add_comment(post, text, parent)
        except ActionError as error:
            raise errors.messenger(100, message=str(error)) from error
        call.about.append(comment.id)
        return {"id": comment.id}

    async def _private(self, call: Call, comment: Comment) -> Json:
        """The older way to answer one comment privately."""
        body = {"recipient": {"comment_id": comment.id}, "message": {"text": call.text("message")}}
        taken = await self._sends.read(body)
        if taken.bubble is None:
            raise errors.messenger(100)
        comment.private_replies += 1
        taken.thread.started = True
        call.about.append(taken.bubble.id)
        self._progress.start(taken.thread, taken.bubble)
        return {"id": taken.bubble.id, "user_id": taken.thread.person.psid}

    def _change(self, call: Call, post: Post, comment: Comment) -> None:
        hide = call.text("is_hidden" if self._app == "messenger" else "hide").lower()
        if hide:
            self._world.hide_comment(post, comment.id, hide == "true")
        elif self._app == "messenger" and call.text("message") and not comment.person_id:
            self._world.edit_comment(post, comment.id, call.text("message"))
        else:
            raise errors.messenger(100)

    def _shown(self, post: Post) -> list[Comment]:
        return [comment for comment in post.comments if not comment.deleted]

    def _post(self, post: Post) -> Json:
        picture = self._world.media_url(post.media_id)
        if self._app == "messenger":
            values: Json = {"id": post.id, "message": post.text, "created_time": time_of(post.at)}
            attachment = {"type": "photo", "media": {"image": {"src": picture}}}
            picture_values = {"full_picture": picture, "attachments": {"data": [attachment]}}
            return values | {"permalink_url": f"{self._world.url}/#{post.id}"} | (picture_values if picture else {})
        values = {
            "id": post.id,
            "caption": post.text,
            "media_type": "IMAGE",
            "permalink": f"{self._world.url}/#{post.id}",
            "timestamp": time_of(post.at),
        }
        return values | ({"media_url": picture} if picture else {})

    def _comment(self, post: Post, comment: Comment) -> Json:
        account = self._world.accounts[self._app]
        person = self._world.people.get(comment.person_id)
        if self._app == "messenger":
            sender = {"id": person.psid if person else account.id, "name": comment.name or account.name}
            values: Json = {
                "id": comment.id,
                "message": comment.text,
                "from": sender,
                "created_time": time_of(comment.at),
                "is_hidden": comment.hidden,
            }
            return values | ({"parent": {"id": comment.parent}} if comment.parent else {})
        username = comment.name or account.username
        values = {
            "id": comment.id,
            "text": comment.text,
            "username": username,
            "from": {"id": person.igsid if person else account.id, "username": username},
            "media": {"id": post.id},
            "timestamp": time_of(comment.at),
            "hidden": comment.hidden,
        }
        return values | ({"parent_id": comment.parent} if comment.parent else {})
