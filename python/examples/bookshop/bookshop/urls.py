"""The addresses of the site."""

from catalogue import views
from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", views.books, name="books"),
    path("basket/<int:pk>/", views.put, name="put"),
    path("order/", views.order, name="order"),
    path("sales/", views.sales, name="sales"),
]
