from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from conversations.review.group import make_group

        post_migrate.connect(make_group, sender=self)
