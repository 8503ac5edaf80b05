"""The one settings file: everything that differs between machines comes from the environment, and what is missing stops the start."""

from pathlib import Path

import environ

from geoportal.native import gdal_library, geos_library

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

env = environ.Env()

# --- Environment ------------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("DJANGO_SECRET_KEY")  # no default: no key, no start
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = env("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")  # mails and jobs have no request to take it from
HTTPS = env.bool("HTTPS", default=True)  # False only for a demonstration on this machine
DEMO = env.bool("DEMO", default=False)  # shows that this is a demonstration
DEMO_PASSWORD = env("DEMO_PASSWORD", default="")  # of the accounts that `manage.py demo` makes; empty: a random one, which it prints

# --- Applications -----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "geoportal.apps.GeoportalConfig",
    "insights",
    "reports",
    "authorities",
    "accounts",
    "boundaries",
    "audit",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "csp",
    "leaflet",
    "rest_framework",
    "rest_framework_gis",
    "drf_spectacular",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    # What every answer needs
    "geoportal.health.HealthMiddleware",  # first: a probe has no host name that we know, no session and no language
    "geoportal.hostile.RefuseNullBytes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pads at random, so that the length tells nothing (BREACH)
    "geoportal.policy.PolicyMadeOnce",
    "geoportal.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "geoportal.short_way.ShortWay",  # calls that are the same for all are answered here
    # What knows people
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # closed unless opened; DRF has its own default below
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "geoportal.urls"
WSGI_APPLICATION = "geoportal.wsgi.application"

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
                "geoportal.context.site",
            ],
        },
    },
]

# --- Database ---------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL")}  # postgis://user:password@host:port/name
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Plans of the statements that are asked most are kept by each connection; off behind a PgBouncer older than 1.21, which loses them
if env.bool("PREPARED_STATEMENTS", default=True):
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("prepare_threshold", 5)
# Behind a pooler that gives a connection for a transaction (PgBouncer), a cursor that lives on outside of one would be lost
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("POOLED", default=False)
DATABASES["default"]["ATOMIC_REQUESTS"] = False  # services say what belongs together
# Public pages may be read from a replica; nothing else is (docs/adr/0026)
if env("REPLICA_URL", default=""):
    REPLICA_LAG_S = env.float("REPLICA_LAG_S", default=5.0)
    DATABASES["replica"] = {
        **DATABASES["default"],
        **env.db("REPLICA_URL"),
        "OPTIONS": {**DATABASES["default"].get("OPTIONS", {}), "connect_timeout": 2},
        "TEST": {"MIRROR": "default"},
    }
    DATABASE_ROUTERS = ["geoportal.replica.Router"]
    MIDDLEWARE.insert(MIDDLEWARE.index("django.middleware.csrf.CsrfViewMiddleware"), "geoportal.replica.ReadsFromReplica")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# GDAL and GEOS come inside the pinned wheels of pyogrio and shapely: the same current version on every system (docs/adr/0002)
GDAL_LIBRARY_PATH = env("GDAL_LIBRARY_PATH", default=gdal_library())
GEOS_LIBRARY_PATH = env("GEOS_LIBRARY_PATH", default=geos_library())

# --- People and sign-in -----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/desk/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # addresses are entered by an administrator who invites
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": env("LOGIN_FAILED_LIMIT", default="10/m/ip,5/5m/key")}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are entered by whoever invites
MFA_TOTP_ISSUER = "Cổng phản ánh hiện trường"

# --- Language and time ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_TZ = True
FORMAT_MODULE_PATH = ["geoportal.formats"]
USE_THOUSAND_SEPARATOR = True

# --- Files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("STATIC_ROOT", default=str(LOCAL_DIR / "static"))
MEDIA_URL = "/media/"
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(LOCAL_DIR / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "geoportal.staticfiles.HashedModules"},
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # text fields; files have limits of their own
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 10
UPLOAD_LIMIT = env.int(
    "UPLOAD_LIMIT", default=120_000_000
)  # bytes of a whole request: five photos and the form; refused before a byte is kept
FILE_UPLOAD_HANDLERS = [
    "geoportal.uploads.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Security ---------------------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"

# A tile server is optional: without one the map is drawn from our own units, coast and rivers
TILE_URL = env("TILE_URL", default="")  # https://tiles.example/{z}/{x}/{y}.png
TILE_ATTRIBUTION = env("TILE_ATTRIBUTION", default="")
TILE_ORIGIN = "/".join(TILE_URL.split("/")[:3]).replace("{s}.", "*.") if TILE_URL else ""

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:", *([TILE_ORIGIN] if TILE_ORIGIN else [])],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "geoportal.problems.handle",
    "COERCE_DECIMAL_TO_STRING": False,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "DEFAULT_THROTTLE_CLASSES": ["reports.throttling.Throttle"],  # limits views that have a `throttle_scope`
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
}

# Calls of one address: "30/h", "5/10m"; THROTTLE_FILE= (empty) is no limit. Behind the one address of a mobile network stand many people
THROTTLES = {
    scope: env(f"THROTTLE_{scope.upper()}", default=rate)
    for scope, rate in {
        "file": "30/h",  # reports sent
        "photo": "60/h",  # photos looked at before sending
        "locate": "600/m",  # look-ups of a point
        "follow": "20/h",  # addresses given to follow a report or a territory
        "follow_address": "5/d",  # mails that ask one address to confirm, over all reports and territories
        "rate": "30/h",  # ratings given or changed
        "plan": "120/m",  # queries of a planner
        "layer": "60/h",  # layers that a planner uploads
        "export": "20/h",  # files of reports that are made for one address
        "paper": "120/h",  # PDFs made for one person, or for one address
    }.items()
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Geoportal: field reports of a province",
    "DESCRIPTION": (
        "Reports on the map, the units and the authorities responsible for them. "
        "Times are ISO 8601 with offset; GeoJSON coordinates are [lon, lat]."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# --- Working time -----------------------------------------------------------------------------------------------------
WORKING_HOURS = env("WORKING_HOURS", default="7:30-11:30,13:30-17:00")  # of a working day; deadlines count them

ANSWER_DAYS = env.int("ANSWER_DAYS", default=7)  # working days after which the silence of an asked reporter ends the report; 0: never

ANSWER_REMINDER_DAYS = env.int("ANSWER_REMINDER_DAYS", default=2)  # working days before that end, when the reporter is reminded
DEADLINE_WARNING_HOURS = env.float(
    "DEADLINE_WARNING_HOURS", default=7.5
)  # working hours before a due date, when who is in charge is warned
DEADLINE_ESCALATION_HOURS = env.float("DEADLINE_ESCALATION_HOURS", default=7.5)  # working hours after it, when the head is told

# --- What the reporter says of an answer ----------------------------------------------------------------------------------
RATING_CHANGE_DAYS = env.int("RATING_CHANGE_DAYS", default=7)  # how long a rating may be changed after it was given
RATED_FROM = env.int("RATED_FROM", default=5)  # ratings from which on a mean is shown: fewer say nothing of a body
DATA_LICENCE = env("DATA_LICENCE", default="Creative Commons Attribution 4.0 (CC BY 4.0)")  # under which the open data stand
DATA_LICENCE_URL = env("DATA_LICENCE_URL", default="https://creativecommons.org/licenses/by/4.0/")
RANKED_FROM = env.int("RANKED_FROM", default=30)  # cases from which on a rate is ranked: below, chance decides the place
NOT_FIXED_DAYS = env.int("NOT_FIXED_DAYS", default=30)  # after the reply, within which its reporter may have the report reopened
NOT_FIXED_TIMES = env.int("NOT_FIXED_TIMES", default=2)  # how often it goes back to the body by itself; then the coordinator looks at it

# --- In the field ---------------------------------------------------------------------------------------------------------
PROOF_DISTANCE_M = env.int("PROOF_DISTANCE_M", default=100)  # from a report's spot, within which a photo counts as taken there
NOT_FIXED_VOICES = env.int(
    "NOT_FIXED_VOICES", default=3
)  # followers who say “not fixed”, and more than say “fixed”: the report is reopened

# --- Filing ---------------------------------------------------------------------------------------------------------------
FILING_AT_ONCE = env.bool("FILING_AT_ONCE", default=True)  # written by one statement; off: by the models, one by one (docs/adr/0024)

# --- Territory --------------------------------------------------------------------------------------------------------
BOUNDARY_FILE_LIMIT = env.int("BOUNDARY_FILE_LIMIT", default=512_000_000)  # bytes that a boundary file may unpack to
SNAP_DISTANCE_M = env.float("SNAP_DISTANCE_M", default=500.0)  # a point on water belongs to the nearest unit within this
AMBIGUOUS_SHARE = env.float("AMBIGUOUS_SHARE", default=0.1)  # a second unit with this share of the accuracy circle raises a question
# Called before an edition takes effect; boundaries knows no reports, so those who must be asked are named here
ACTIVATION_GUARDS = ["reports.territory.refuse_while_open_reports_change_hands"]

# --- Planning ---------------------------------------------------------------------------------------------------------------
# The metric reference system in which planners' distances and cells are measured: VN-2000, zone of 3° around 105° E
METRIC_SRID = env.int("METRIC_SRID", default=5897)
METRIC_SYSTEM = env("METRIC_SYSTEM", default="VN-2000 / TM-3 105°")
PLANNER_TIMEOUT_MS = env.int("PLANNER_TIMEOUT_MS", default=8_000)  # after which a query of a planner is stopped
PLANNER_LAYER_LIMIT = env.int(
    "PLANNER_LAYER_LIMIT", default=20_000_000
)  # bytes of a layer that a planner uploads; unpacked three times as many
PLANNER_ROWS = env.int("PLANNER_ROWS", default=5_000)  # of an answer

# --- Map --------------------------------------------------------------------------------------------------------------
MAP_EXTENT = env.list("MAP_EXTENT", cast=float, default=[104.65, 8.5, 105.85, 9.65])  # west, south, east, north
LEAFLET_CONFIG = {"RESET_VIEW": False, "ATTRIBUTION_PREFIX": ""}

# --- Mail -------------------------------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Cổng phản ánh hiện trường <khong-tra-loi@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 20

# --- Logs -------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
        "plain": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s", "datefmt": "%H:%M:%S"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": env("LOG_FORMAT", default="json")}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "procrastinate": {"level": env("WORKER_LOG_LEVEL", default="WARNING")},
        "weasyprint": {"level": "WARNING"},
    },
}
