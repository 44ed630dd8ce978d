"""Pages of projects: lists, overview, settings, members, invitations and videos."""

from django.urls import path

from annotation.projects import views_invitations, views_members, views_projects, views_seats, views_videos

urlpatterns = [
    path("", views_projects.projects, name="projects"),
    path("projects/new/", views_projects.create, name="project-create"),
    path("p/<slug:slug>/", views_projects.overview, name="project"),
    path("p/<slug:slug>/charts/<slug:size>/<slug:name>.svg", views_projects.chart, name="project-chart"),
    path("p/<slug:slug>/settings/", views_projects.settings, name="project-settings"),
    path("p/<slug:slug>/members/", views_members.members, name="project-members"),
    path("p/<slug:slug>/members/invite/", views_members.invite, name="project-invite"),
    path("p/<slug:slug>/members/<int:pk>/role/", views_members.member_role, name="member-role"),
    path("p/<slug:slug>/members/<int:pk>/remove/", views_members.member_remove, name="member-remove"),
    path("p/<slug:slug>/members/<int:pk>/pause/", views_members.member_pause, name="member-pause"),
    path("p/<slug:slug>/members/<int:pk>/go-on/", views_members.member_go_on, name="member-go-on"),
    path("p/<slug:slug>/members/<int:pk>/free/", views_members.member_free, name="member-free"),
    path("p/<slug:slug>/members/<int:pk>/cap/", views_members.member_cap, name="member-cap"),
    path("p/<slug:slug>/invitations/<int:pk>/revoke/", views_members.revoke, name="invitation-revoke"),
    path("p/<slug:slug>/videos/", views_videos.videos, name="project-videos"),
    path("p/<slug:slug>/videos/<uuid:public_id>/", views_videos.video, name="video"),
    path("p/<slug:slug>/videos/<uuid:public_id>/seats/<int:number>/free/", views_seats.free, name="seat-free"),
    path("p/<slug:slug>/videos/<uuid:public_id>/seats/<int:number>/give/", views_seats.give_to, name="seat-give"),
    path("invitations/<str:token>/", views_invitations.invitation, name="invitation"),
    path("livez", views_projects.livez, name="livez"),
]
