"""The pages of the shop."""

from django import forms
from django.db import transaction
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncDate
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from .models import Book, Line, Order


class OrderForm(forms.ModelForm):
    class Meta:
        model = Order
        fields = ["email"]


def books(request):
    found = Book.objects.prefetch_related("authors").annotate(sold=Sum("line__amount", default=0))
    if words := request.GET.get("q"):
        found = found.filter(title__icontains=words)
    basket = request.session.get("basket", {})
    return render(request, "catalogue/books.html", {"books": found, "basket": basket, "form": OrderForm()})


@require_POST
def put(request, pk):
    """Puts a book into the basket, which is in the session."""
    book = get_object_or_404(Book, pk=pk)
    basket = request.session.setdefault("basket", {})
    basket[str(book.pk)] = basket.get(str(book.pk), 0) + 1
    request.session.modified = True
    return redirect("books")


@require_POST
def order(request):
    """Turns the basket into an order, if there are enough books."""
    form = OrderForm(request.POST)
    basket = request.session.get("basket", {})
    if not form.is_valid() or not basket:
        return JsonResponse({"errors": form.errors, "basket": basket}, status=400)
    try:
        with transaction.atomic():
            placed = form.save()
            wanted = Book.objects.select_for_update().in_bulk([int(pk) for pk in basket])
            for pk, amount in basket.items():
                book = wanted[int(pk)]
                if book.stock < amount:
                    raise OutOfStock(book)
                Book.objects.filter(pk=book.pk).update(stock=F("stock") - amount)
                Line.objects.create(order=placed, book=book, amount=amount)
    except OutOfStock as error:
        return JsonResponse({"errors": {"stock": str(error)}}, status=409)
    request.session["basket"] = {}
    return JsonResponse({"number": str(placed.number)}, status=201)


class OutOfStock(Exception):
    def __init__(self, book):
        super().__init__(f"there are only {book.stock} of {book.title}")


def sales(request):
    """The orders of each day, in the zone of the site."""
    days = Order.objects.annotate(day=TruncDate("placed")).values("day").annotate(orders=Count("id")).order_by("day")
    return JsonResponse({"days": [{"day": day["day"].isoformat(), "orders": day["orders"]} for day in days]})
