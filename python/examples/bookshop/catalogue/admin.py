"""What the admin shows."""

from django.contrib import admin

from .models import Author, Book, Line, Order


class LineInline(admin.TabularInline):
    model = Line
    extra = 0


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["title", "price", "stock", "published"]
    list_filter = ["authors"]
    search_fields = ["title", "authors__name"]
    date_hierarchy = "published"


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["number", "email", "placed"]
    date_hierarchy = "placed"
    inlines = [LineInline]


admin.site.register(Author)
