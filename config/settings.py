"""All settings, read from the environment (and from `.env` beside `manage.py` when there is one).

Each variable is documented in `docs/configuration.md`; a test holds the two together.
"""

from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.conf.locale import LANG_INFO

from config.json_logs import logging_settings
from config.logins import check_second_factor_setting, openid_connect
from config.media_storage import storage_origin
from config.safety import address_of, refuse_weak_settings, whole_number

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

# --- What this installation is ---------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="only-for-development" if DEBUG else "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
# The languages that pages are offered in, by the browser's wish; the first one for everybody else.
LANGUAGE_CODES = env.list("LANGUAGES", default=["en"])
LANGUAGE_CODE = LANGUAGE_CODES[0]
LANGUAGES = [(code, LANG_INFO.get(code, {}).get("name_local", code)) for code in LANGUAGE_CODES]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_TZ = True
USE_I18N = True

# --- Where things are ------------------------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
MEDIA_ROOT = DATA_DIR / "media"
RELEASES_ROOT = DATA_DIR / "releases"
# The folder that manifest paths are resolved in when they come through the page; empty = off.
IMPORT_ROOT = env.str("IMPORT_ROOT", default="")
# Whether videos are fetched from addresses in manifests; and what may be asked though it is not public.
IMPORT_URLS = env.bool("IMPORT_URLS", default=False)
IMPORT_URL_ALLOW = env.list("IMPORT_URL_ALLOW", default=[])
# Set to nginx's internal location (for example /protected/) to let nginx send files.
MEDIA_ACCEL_REDIRECT = env.str("MEDIA_ACCEL_REDIRECT", default="")
# A bucket of S3-compatible storage that browsers get videos from, by signed addresses; empty = from this machine.
MEDIA_S3_BUCKET = env.str("MEDIA_S3_BUCKET", default="")
MEDIA_S3_ENDPOINT = env.str("MEDIA_S3_ENDPOINT", default="").rstrip("/")
MEDIA_S3_ORIGIN = storage_origin(MEDIA_S3_BUCKET, MEDIA_S3_ENDPOINT, debug=DEBUG)
MEDIA_S3_REGION = env.str("MEDIA_S3_REGION", default="us-east-1")
MEDIA_S3_ACCESS_KEY = env.str("MEDIA_S3_ACCESS_KEY", default="")
MEDIA_S3_SECRET_KEY = env.str("MEDIA_S3_SECRET_KEY", default="")
# Shared by all processes, so that whoever guesses passwords has no fresh tries at each; it needs no broker.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}"
DATABASES = {"default": address_of("DATABASE_URL", env.db_url_config, DATABASE_URL)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Lets `annotation/prepared.py` keep statements on the server; nothing else does.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("prepare_threshold", 5)
    # A process that was stopped within a transaction holds its locks no longer than this: nobody could take over
    # the jobs that it had locked.
    DATABASES["default"]["OPTIONS"].setdefault("options", "-c idle_in_transaction_session_timeout=120s")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Celery: the database is the truth, the broker a hint ------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "media"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A web request that rings a doorbell tries once and waits at most this long for a dead broker (kombu's own default
# goes on for six seconds).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "max_retries": 0,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "socket_keepalive": True,
}
CELERY_TASK_PUBLISH_RETRY = False
# How long a scoring job may go without a sign of life before another worker takes it.
SCORING_LEASE_SECONDS = whole_number(
    env.str("SCORING_LEASE_SECONDS", default="180"), "SCORING_LEASE_SECONDS", least=1
)
# --- Scorers: what the workers that score are given ------------------------------------------------
# name=dotted.path of a scoring.registry.Entry, for scorers that live outside this repository.
EXTRA_SCORERS = env.dict("EXTRA_SCORERS", default={})
# Evaluations ask this which videos a version was trained on; no package below knows of releases.
SEEN_IN_TRAINING_BY = "datasets_app.loop.seen.seen_by"
# A folder, or a hub id with its revision: TIGER-Lab/VideoScore2@<commit>.
VIDEOSCORE2_CHECKPOINT = env.str("VIDEOSCORE2_CHECKPOINT", default="")
# auto: bfloat16 where an NVIDIA device is, else float32. Part of a scorer version.
VIDEOSCORE2_DTYPE = env.str("VIDEOSCORE2_DTYPE", default="auto")
# Videos asked about at once; 0: by the device's memory.
VIDEOSCORE2_BATCH = whole_number(env.str("VIDEOSCORE2_BATCH", default="0"), "VIDEOSCORE2_BATCH")
# Servers of OpenAI's protocol, and the name they serve the model under.
VIDEOSCORE2_SERVERS = env.list("VIDEOSCORE2_SERVERS", default=[])
VIDEOSCORE2_SERVED_MODEL = env.str("VIDEOSCORE2_SERVED_MODEL", default="")
VIDEOSCORE2_SERVER_KEY = env.str("VIDEOSCORE2_SERVER_KEY", default="")
# How a video reaches a server: frames or data (in the request), file (same folder), or our media folder's address.
VIDEOSCORE2_SEND_VIDEO = env.str("VIDEOSCORE2_SEND_VIDEO", default="frames")

CELERY_BEAT_SCHEDULE = {
    "sweep-jobs": {"task": "scoring.tasks.sweep_jobs_task", "schedule": 30.0},
    "sweep-media": {"task": "datasets_app.tasks.sweep_media_task", "schedule": 30.0},
    "sweep-projects": {"task": "annotation.tasks.sweep_projects_task", "schedule": 60.0},
    "sweep-releases": {"task": "datasets_app.tasks.sweep_releases_task", "schedule": 30.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

# --- Django ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "annotation",
    "scoring",
    "datasets_app",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "template_partials",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]
MIDDLEWARE = [
    "config.watch_requests.WatchRequests",
    "django.middleware.security.SecurityMiddleware",
    "config.headers.PermissionsPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "annotation.lead_back.LeadBack",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.nonce.nonce",
            ],
        },
    }
]
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- Who may come in -------------------------------------------------------------------------------
AUTH_USER_MODEL = "annotation.User"
AUTHENTICATION_BACKENDS = ["annotation.accounts.Backend"]
SESSION_ENGINE = "annotation.sessions"
# The first hashes; a password that another one hashed is hashed anew at its next login.
PASSWORD_HASHERS = ["annotation.accounts.PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Logins are counted by annotation/tries.py: these would refuse a lab that logs in at once from behind one address.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
ACCOUNT_ADAPTER = "annotation.accounts.InvitationOnlyAdapter"
ACCOUNT_FORMS = {"login": "annotation.accounts.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = (
    False  # a reset for an unknown address sends nothing: there is no sign-up to offer
)
ACCOUNT_SESSION_REMEMBER = True
# Whoever finds somebody else logged in at their page logs in over them.
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Who must have a second factor: "leads" (and superusers), or "" for nobody. Anybody may set one up.
MFA_REQUIRED_FOR = env.str("MFA_REQUIRED_FOR", default="")
check_second_factor_setting(MFA_REQUIRED_FOR)
MFA_ADAPTER = "annotation.second_factor.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "annotation.second_factor.LoginCodeForm",
    "reauthenticate": "annotation.second_factor.ConfirmCodeForm",
}
MFA_TOTP_TOLERANCE = 1  # steps of 30 s that a telephone's clock may be off
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are those that leads invited: no mail confirms them
# The organisation's own login (OpenID Connect); without a server's address there is none.
OIDC_SERVER_URL = env.str("OIDC_SERVER_URL", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_SECRET = env.str("OIDC_SECRET", default="")
OIDC_NAME = env.str("OIDC_NAME", default="your organisation")
SOCIALACCOUNT_ADAPTER = "annotation.single_sign_on.Adapter"
# A form's way to another host would need that host, and all it leads on to, in the content security policy.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = openid_connect(OIDC_SERVER_URL, OIDC_CLIENT_ID, OIDC_SECRET, OIDC_NAME)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "projects"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
EMAIL_URL = env.str("EMAIL_URL", default="consolemail://" if DEBUG else "")
EMAIL_CONFIG = address_of("EMAIL_URL", env.email_url_config, EMAIL_URL or "consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # seconds that a page waits for a mail server that does not answer
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="screening-room@localhost")

# --- Doors -----------------------------------------------------------------------------------------
BEHIND_TLS = env.bool("BEHIND_TLS", default=not DEBUG)
# Each proxy adds an address to X-Forwarded-For; throttles go by the one that the outermost of them saw.
ALLAUTH_TRUSTED_PROXY_COUNT = whole_number(env.str("TRUSTED_PROXIES", default="0"), "TRUSTED_PROXIES")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS
SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]  # asked behind the proxy
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", *MEDIA_S3_ORIGIN],
        "media-src": [SELF, "blob:", *MEDIA_S3_ORIGIN],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- What an operator sees -------------------------------------------------------------------------
# Who sends it as bearer token reads /metrics; empty: there is no such address.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOGGING = logging_settings(as_json=not DEBUG, level=env.str("LOG_LEVEL", default="INFO"))
CELERY_WORKER_HIJACK_ROOT_LOGGER = DEBUG

refuse_weak_settings(vars())
