from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate, pre_migrate

        from conversations.review.group import make_group
        from conversations.search import index

        post_migrate.connect(make_group, sender=self)
        pre_migrate.connect(index.before_migration, sender=self)
        post_migrate.connect(index.after_migration, sender=self)
