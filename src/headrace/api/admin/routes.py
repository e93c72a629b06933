"""Every endpoint of operators."""

from headrace.api.admin import accounts, books, consents, credits, keys, outcomes, suppressions, webhooks

ROUTES = [
    accounts.accounts_list,
    accounts.new_account,
    accounts.one_account,
    accounts.change_settings,
    keys.keys_list,
    keys.new_key,
    keys.revoke_key,
    credits.credits_standing,
    credits.add_credits,
    consents.consents_list,
    consents.new_consent,
    webhooks.deliveries,
    webhooks.replay_delivery,
    webhooks.signing_secret,
    webhooks.rotate_secret,
    suppressions.suppressions_list,
    suppressions.suppress,
    suppressions.unsuppress,
    outcomes.report_outcomes,
    books.verify_books,
    books.audit_log,
]
