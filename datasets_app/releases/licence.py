"""Under which terms a release may be used: licences of data, by the names that the Hugging Face Hub knows."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Licence(models.TextChoices):
    """The value stands in the head of the dataset card."""

    UNKNOWN = "unknown", _("Not said")
    CC0 = "cc0-1.0", _("CC0 1.0")
    CC_BY = "cc-by-4.0", _("CC BY 4.0")
    CC_BY_SA = "cc-by-sa-4.0", _("CC BY-SA 4.0")
    CC_BY_NC = "cc-by-nc-4.0", _("CC BY-NC 4.0")
    CC_BY_NC_SA = "cc-by-nc-sa-4.0", _("CC BY-NC-SA 4.0")
    CC_BY_ND = "cc-by-nd-4.0", _("CC BY-ND 4.0")
    CC_BY_NC_ND = "cc-by-nc-nd-4.0", _("CC BY-NC-ND 4.0")
    CDLA_PERMISSIVE = "cdla-permissive-2.0", _("CDLA Permissive 2.0")
    CDLA_SHARING = "cdla-sharing-1.0", _("CDLA Sharing 1.0")
    ODC_BY = "odc-by", _("ODC-By 1.0")
    ODBL = "odbl", _("ODbL 1.0")
    PDDL = "pddl", _("PDDL 1.0")
    APACHE = "apache-2.0", _("Apache 2.0")
    MIT = "mit", _("MIT")
