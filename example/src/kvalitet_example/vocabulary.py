"""The words of the fictional administration: names, laws, themes, and how often each is used.

Nothing here is taken from a real municipality. The shares are made up and unlike any published ones.
"""

from datetime import date

AUTHORITY = "Eksempelby Kommune (fiktiv)"
ADMINISTRATION = "Beskæftigelses- og Integrationsforvaltningen i Eksempelby Kommune (fiktiv)"

#: law_id -> (name as Ankestyrelsen's bank has it, KLE subject, share of complaints about decisions)
LAWS = {
    "aktivloven": ("Lov om aktiv socialpolitik", "32.24.04", 0.30),
    "sygedagpengeloven": ("Sygedagpengeloven", "32.30.08", 0.27),
    "beskaeftigelsesindsatsloven": ("Lov om aktiv beskæftigelsesindsats", "15.20.13", 0.22),
    "pensionsloven": ("Lov om social pension", "32.03.04", 0.16),
    "integrationsloven": ("Integrationsloven", "15.40.00", 0.05),
}
HANDLING_KLE = "00.07.10"

#: theme_id -> share, for complaints about handling and about decisions.
HANDLING_THEMES = {
    "sagsbehandlingstid": 0.30,
    "manglende_svar": 0.20,
    "vejledning": 0.14,
    "begrundelse": 0.10,
    "partshoering": 0.08,
    "aktindsigt": 0.08,
    "adfaerd": 0.06,
    "tilgaengelighed": 0.04,
}
DECISION_THEMES = {
    "afslag_paa_ydelse": 0.28,
    "stop_af_ydelse": 0.22,
    "sanktion": 0.20,
    "foertidspension": 0.14,
    "tilbagebetaling": 0.09,
    "indsats": 0.07,
}
AUDIT_THEMES = ("lovpligtige_frister", "dokumentation", "ledelsestilsyn", "refusion", "it_adgange", "udbetaling")

OUTCOMES = ("medhold", "delvist_medhold", "ikke_medhold", "afvist", "tilbagekaldt")
HANDLING_OUTCOMES = (0.22, 0.18, 0.42, 0.08, 0.10)
DECISION_OUTCOMES = (0.12, 0.10, 0.62, 0.08, 0.08)
RECEIVERS = {"forvaltningen": 0.79, "borgmester": 0.11, "direktoer": 0.08, "borgerraadgiver": 0.02}

REORGANISED = date(2022, 7, 1)
#: centre_id -> (name, share of the complaints until the reorganisation)
CENTRES = {
    "C01": ("Jobcenter Nord (fiktiv)", 0.17),
    "C02": ("Jobcenter Syd (fiktiv)", 0.16),
    "C03": ("Ydelsesservice Øst (fiktiv)", 0.11),
    "C04": ("Ydelsesservice Vest (fiktiv)", 0.10),
    "C05": ("Center for Sygedagpenge og Fleksjob (fiktiv)", 0.18),
    "C06": ("Center for Unge (fiktiv)", 0.12),
    "C07": ("Center for Integration (fiktiv)", 0.07),
    "C08": ("Center for Virksomheder (fiktiv)", 0.09),
}
NEW_CENTRES = {
    "C09": "Ydelsesservice Eksempelby (fiktiv)",
    "C10": "Center for Sygedagpenge (fiktiv)",
    "C11": "Center for Fleksjob og Førtidspension (fiktiv)",
}
#: predecessor -> its successors, each with the share of the work that it took over
SUCCESSION = {"C03": {"C09": 1.0}, "C04": {"C09": 1.0}, "C05": {"C10": 0.6, "C11": 0.4}}

#: Free text as case workers write it. {cpr} marks where a number slips in. None of it is landed.
TEXTS = (
    "Borger klager over ventetid.",
    "Har ikke fået svar på sin mail.",
    "Ringet tre gange, ingen ringer tilbage.",
    "Uenig i afgørelsen, ønsker genvurdering.",
    "Mener at begrundelsen er mangelfuld.",
    "Føler sig dårligt vejledt; ønsker møde.",
    'Skriver at "ingen lytter", se notat.',
    "Afventer lægeerklæring.\nPartshørt pr. brev.",
    "Klage sendt via borgmesterens kontor.",
    "Ønsker aktindsigt i hele sagen.",
)
TEXTS_WITH_CPR = ("Vedr. cpr {cpr}, se journal.", "Samme klage fra ægtefælle {cpr}.")
