"""The addresses of rooms."""

from django.urls import path

from web.rooms import attaching, editing, files, joining, page, sheet, talking, voting

urlpatterns = [
    path("r/<str:token>", joining.invitation, name="invitation"),
    path("rooms/new", joining.new_room, name="new_room"),
    path("rooms/<uuid:room_id>/", page.room, name="room"),
    path("rooms/<uuid:room_id>/messages", talking.messages, name="room_messages"),
    path("rooms/<uuid:room_id>/edit/<uuid:message_id>", editing.edit, name="edit_in_room"),
    path("rooms/<uuid:room_id>/unsay", talking.unsay, name="unsay"),
    path("rooms/<uuid:room_id>/react", talking.react, name="react"),
    path("rooms/<uuid:room_id>/vote", voting.vote, name="vote"),
    path("rooms/<uuid:room_id>/votes", voting.ask_vote, name="ask_vote"),
    path("rooms/<uuid:room_id>/stop", talking.stop, name="stop_in_room"),
    path("rooms/<uuid:room_id>/people", sheet.sheet, name="room_sheet"),
    path("rooms/<uuid:room_id>/code.svg", sheet.code, name="room_code"),
    path("rooms/<uuid:room_id>/change", sheet.change_room, name="change_room"),
    path("rooms/<uuid:room_id>/pictures/<uuid:picture_id>/<str:name>", files.picture_file, name="room_picture"),
    path("rooms/<uuid:room_id>/files/<uuid:file_id>", files.room_file, name="room_file"),
    path("rooms/<uuid:room_id>/attach/", attaching.attach_in_room, name="attach_in_room"),
    path("rooms/<uuid:room_id>/attach/<uuid:file_id>/discard", attaching.discard_in_room, name="discard_in_room"),
]
