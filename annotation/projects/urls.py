"""Pages of projects: lists, overview, settings, members, invitations and videos."""

from django.urls import path

from annotation.projects import views_invitations, views_members, views_projects, views_videos

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
    path("p/<slug:slug>/invitations/<int:pk>/revoke/", views_members.revoke, name="invitation-revoke"),
    path("p/<slug:slug>/videos/", views_videos.videos, name="project-videos"),
    path("p/<slug:slug>/videos/<uuid:public_id>/", views_videos.video, name="video"),
    path("invitations/<str:token>/", views_invitations.invitation, name="invitation"),
    path("livez", views_projects.livez, name="livez"),
]
