"""Books, and the orders for them."""

import uuid

from django.db import models
from django.utils.text import slugify


class Author(models.Model):
    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=200)
    authors = models.ManyToManyField(Author, related_name="books")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    slug = models.SlugField(max_length=220, unique=True, null=True, editable=False)
    stock = models.PositiveIntegerField(default=0)
    details = models.JSONField(default=dict, blank=True)
    published = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["title"]
        indexes = [models.Index(fields=["title"], name="book_title")]
        constraints = [models.CheckConstraint(condition=models.Q(price__gte=0), name="book_price_not_negative")]

    def __str__(self) -> str:
        return self.title

    def save(self, *args, **kwargs) -> None:
        self.slug = slugify(self.title)
        super().save(*args, **kwargs)


class Order(models.Model):
    number = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField()
    placed = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.number)


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    book = models.ForeignKey(Book, models.PROTECT)
    amount = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "book"], name="line_once")]
