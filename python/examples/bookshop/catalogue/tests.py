"""The shop from a browser's side."""

import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Upper
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from .models import Author, Book, Line, Order


class Shelf(TestCase):
    """Tests with one book."""

    @classmethod
    def setUpTestData(cls):
        cls.author = Author.objects.create(name="Mary Shelley")
        cls.book = Book.objects.create(
            title="Frankenstein",
            price=Decimal("9.90"),
            stock=2,
            details={"pages": 280, "languages": ["en", "de"]},
            published=datetime.date(1818, 1, 1),
        )
        cls.book.authors.add(cls.author)


class ShopTests(Shelf):
    def test_a_basket_becomes_an_order(self):
        for _ in range(2):
            self.assertRedirects(self.client.post(reverse("put", args=[self.book.pk])), reverse("books"))
        answer = self.client.post(reverse("order"), {"email": "ada@example.org"})
        self.assertEqual(answer.status_code, 201)
        order = Order.objects.get(number=answer.json()["number"])
        self.assertEqual(list(order.lines.values_list("book__title", "amount")), [("Frankenstein", 2)])
        self.book.refresh_from_db()
        self.assertEqual(self.book.stock, 0)
        self.assertContains(self.client.get(reverse("books"), {"q": "frank"}), "0 in stock, 2 sold")
        self.assertEqual([day["orders"] for day in self.client.get(reverse("sales")).json()["days"]], [1])

    def test_an_order_that_cannot_be_filled_leaves_nothing(self):
        for _ in range(3):
            self.client.post(reverse("put", args=[self.book.pk]))
        self.assertEqual(self.client.post(reverse("order"), {"email": "ada@example.org"}).status_code, 409)
        self.assertEqual(Order.objects.count() + Line.objects.count(), 0)

    def test_a_form_says_what_is_wrong(self):
        self.client.post(reverse("put", args=[self.book.pk]))
        answer = self.client.post(reverse("order"), {"email": "nobody"})
        self.assertEqual(answer.status_code, 400)
        self.assertIn("email", answer.json()["errors"])

    def test_documents_and_constraints(self):
        self.assertEqual(Book.objects.get(details__languages__1="de"), self.book)
        self.assertEqual(Book.objects.filter(details__pages__gt=300).count(), 0)
        with self.assertRaises(IntegrityError), transaction.atomic():
            Book.objects.create(title="A gift", price=Decimal("-1"))

    def test_many_rows_are_one_short_statement(self):
        day = datetime.date(1897, 5, 26)
        volumes = [
            Book(title=f"Volume {number}", price=number, published=day if number % 2 else None, details={"no": number})
            for number in range(2_000)
        ]
        with CaptureQueriesContext(connection) as captured:
            Book.objects.bulk_create(volumes)
        self.assertEqual([len(query["sql"]) < 500 for query in captured], [True])
        self.assertIn("the first of 2000 rows", captured[0]["sql"])
        # The keys come in the order of the objects.
        for number in (0, 1, 1_999):
            volume = Book.objects.get(pk=volumes[number].pk)
            self.assertEqual((volume.title, volume.details), (f"Volume {number}", {"no": number}))
            self.assertEqual(volume.published, day if number % 2 else None)

    def test_rows_with_expressions_or_conflicts(self):
        stoker = Author(name="Bram Stoker")
        Author.objects.bulk_create([Author(name="Mary Shelley"), stoker], ignore_conflicts=True)
        self.assertEqual(Author.objects.count(), 2)
        Author.objects.bulk_create([Author(name=Upper(Value("anon"))), Author(name="Polidori")])
        self.assertEqual(Author.objects.filter(name__in=["ANON", "Polidori"]).count(), 2)
        again = [Author(pk=self.author.pk, name="M. Shelley"), Author(pk=self.author.pk + 50, name="Le Fanu")]
        Author.objects.bulk_create(again, update_conflicts=True, unique_fields=["id"], update_fields=["name"])
        self.author.refresh_from_db()
        self.assertEqual(self.author.name, "M. Shelley")


class AdminTests(Shelf):
    def test_the_admin_edits_books(self):
        self.client.force_login(User.objects.create_superuser("admin"))
        answer = self.client.get(reverse("admin:catalogue_book_changelist"), {"q": "shelley"})
        self.assertContains(answer, "Frankenstein")
        form = {"title": "Dracula", "authors": [self.author.pk], "price": "7.50", "stock": "1", "details": "{}"}
        added = self.client.post(reverse("admin:catalogue_book_add"), form)
        self.assertRedirects(added, reverse("admin:catalogue_book_changelist"))
        dracula = Book.objects.get(title="Dracula")
        self.assertEqual(dracula.price, Decimal("7.50"))
        self.client.post(reverse("admin:catalogue_book_delete", args=[dracula.pk]), {"post": "yes"})
        self.assertFalse(Book.objects.filter(title="Dracula").exists())
