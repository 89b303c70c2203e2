"""One module per contract of the smaller sources, each making what its source delivers."""

from types import ModuleType

from kvalitet_example.sources import (
    appeal_cases,
    audit_case_samples,
    borgerraadgiver_cases,
    citizen_surveys,
    complaint_reassessments,
    court_cases,
    early_retirement_cases,
    jobindsats,
    management_supervision,
    ministry_follow_up,
    parliament_ombudsman,
    political_decisions,
    published_figures,
    result_status,
    reviews,
    supplier_supervision,
    supplier_surveys,
    whistleblower_statistics,
)

#: contract id -> the module that makes its deliveries
SOURCES: dict[str, ModuleType] = {
    "appeal_cases": appeal_cases,
    "audit_case_samples": audit_case_samples,
    "borgerraadgiver_cases": borgerraadgiver_cases,
    "citizen_surveys": citizen_surveys,
    "complaint_reassessments": complaint_reassessments,
    "court_cases": court_cases,
    "early_retirement_cases": early_retirement_cases,
    "jobindsats": jobindsats,
    "management_supervision": management_supervision,
    "ministry_follow_up": ministry_follow_up,
    "parliament_ombudsman": parliament_ombudsman,
    "political_decisions": political_decisions,
    "published_figures": published_figures,
    "result_status": result_status,
    "ankestyrelsen_reviews": reviews,
    "supplier_supervision": supplier_supervision,
    "supplier_surveys": supplier_surveys,
    "whistleblower_statistics": whistleblower_statistics,
}
