"""Deliveries over HTTP from a real server of the test's own: what is taken in, and what each bad answer leads to."""

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from kvalitet_example.sources import jobindsats
from tenacity import wait_none

from kvalitet.errors import DeliveryRefused, KvalitetError
from kvalitet.intake import api, extract, statistics_json
from kvalitet.settings import LOADER, TIMEZONE, Settings
from kvalitet.warehouse.connection import connect

pytestmark = pytest.mark.slow

TOKEN = "hemmelig-noegle-123"
ROWS: list[list[jobindsats.Cell]] = [
    ["Gribskov", "2024QMAT01", "Ydelsesgrupper i alt", 2010, 1987.5, 22.5, 8.1, 8.0, 0.1, 12],
    ["Gribskov", "2024QMAT02", "Ydelsesgrupper i alt", 2000, 1990, 10, 8.1, 8.1, 0.0, "."],
]
RAW = "jobindsats__public_support"


@dataclass
class Api:
    """What the server answers, and what it was asked."""

    updated: str | None = "2024-12-10T00:00:00"
    answers: list[tuple[int, str, bytes]] = field(default_factory=list)  # of data/, the last one repeated
    cut_after: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    data_only_headers: bool = False
    tables: list[dict[str, str]] = field(default_factory=list)  # of tables/, besides the table asked for
    asked: list[tuple[str, str, str | None, dict]] = field(default_factory=list)

    def data_requests(self) -> int:
        return sum(path.startswith("/v2/data/") for _, path, *_ in self.asked)


def json_answer(rows: list[list[jobindsats.Cell]] = ROWS, labels=jobindsats.LABELS) -> tuple[int, str, bytes]:
    return 200, "application/json", jobindsats.as_json(rows, labels)


class Handler(BaseHTTPRequestHandler):
    api: Api

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        self.api.asked.append((self.command, self.path, self.headers["Authorization"], body))
        if self.headers["Authorization"] != TOKEN:
            return self._send(401, "text/plain", b"nej")
        if self.path.startswith("/v2/tables/"):
            stated = {"TableID": "y30r21"} | ({"LatestUpdate": self.api.updated} if self.api.updated else {})
            return self._send(200, "application/json", json.dumps([*self.api.tables, stated]).encode())
        answers = self.api.answers
        return self._send(*(answers.pop(0) if len(answers) > 1 else answers[0]))

    do_GET = do_POST = _respond  # noqa: N815

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        is_data = self.path.startswith("/v2/data/")
        if is_data or not self.api.data_only_headers:
            for name, value in self.api.headers.items():
                self.send_header(name, value)
        self.end_headers()
        is_cut = self.api.cut_after is not None and is_data
        self.wfile.write(body[: self.api.cut_after] if is_cut else body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    state = Api(answers=[json_answer()])
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("OneApi", (Handler,), {"api": state}))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    monkeypatch.setenv("KVALITET_SERVER_JOBINDSATS", "api")
    monkeypatch.setenv("KVALITET_URL_JOBINDSATS", f"http://127.0.0.1:{http.server_port}/v2/")
    monkeypatch.setenv("KVALITET_TOKEN_JOBINDSATS", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(api, "WAIT", wait_none())
    yield state
    http.shutdown()
    http.server_close()


def fetched(settings: Settings) -> list[str]:
    return sorted(file.name for file in settings.fetched.rglob("*") if file.is_file())


def last_attempt(settings: Settings) -> tuple[str, str]:
    with connect(settings, LOADER) as connection:
        row = connection.execute("select outcome, message from audit.extract_run order by run_id desc").fetchone()
    assert row
    return row["outcome"], row["message"]


class TestWholeAnswer:
    def test_json_is_typed_and_dated_by_source(self, settings, server, open_rows):
        result = extract(settings, "jobindsats")
        assert (result.outcome, result.loads[-1].delivery) == ("accepted", "2024-12-10")
        rows = open_rows(RAW)
        assert [(row["period_code"], float(row["actual_persons"]), float(row["actual_pct"])) for row in rows] == [
            ("2024QMAT01", 1987.5, 8.0),
            ("2024QMAT02", 1990.0, 8.1),
        ]
        assert [(row["benchmark_rank"], row["benchmark_rank_missing_reason"]) for row in rows] == [
            (12, None),
            (None, "suppressed"),
        ]

    def test_request_names_table_and_sends_token(self, settings, server):
        extract(settings, "jobindsats")
        assert [(method, path) for method, path, *_ in server.asked] == [
            ("GET", "/v2/tables/y30r21/json"),
            ("POST", "/v2/data/y30r21/json"),
        ]
        assert {token for *_, token, _ in server.asked} == {TOKEN}
        assert server.asked[-1][3]["area"] == "*"

    def test_csv_gives_same_rows(self, settings, server, open_rows, monkeypatch):
        extract(settings, "jobindsats")
        from_json = open_rows(RAW)
        monkeypatch.setenv("KVALITET_SERVER_JOBINDSATS", "api_csv")
        server.answers = [(200, "text/csv", jobindsats.as_csv(ROWS))]
        server.updated = "2024-12-11"
        result = extract(settings, "jobindsats")
        assert (result.outcome, result.loads[-1].tables["public_support"].unchanged) == ("accepted", 2)
        assert open_rows(RAW) == from_json
        assert server.asked[-1][1] == "/v2/data/y30r21/csv"

    @pytest.mark.parametrize(
        ("updated", "day"),
        [
            ("2024-12-10T23:30:00Z", "2024-12-11"),
            ("2024-12-10T22:30:00-05:00", "2024-12-11"),
            ("2024-12-11T00:30:00+02:00", "2024-12-10"),
            ("2024-12-10T23:30:00.1234567", "2024-12-10"),
        ],
    )
    def test_updated_instant_becomes_local_day(self, settings, server, updated, day):
        server.updated = updated
        assert extract(settings, "jobindsats").loads[-1].delivery == day

    @pytest.mark.parametrize("updated", ["20241210", "2024-W50-2", "10-12-2024", "2024-12-10x"])
    def test_update_day_in_other_form_is_refused(self, settings, server, updated):
        server.updated = updated
        with pytest.raises(KvalitetError, match="does not say as agreed when"):
            extract(settings, "jobindsats")

    def test_update_day_of_other_table_is_refused(self, settings, server):
        server.tables = [{"TableID": "y01a02", "LatestUpdate": "2024-10-05"}]
        with pytest.raises(KvalitetError, match="does not say as agreed when"):
            extract(settings, "jobindsats")

    def test_delivered_bytes_are_kept_and_hashed(self, settings, server):
        extract(settings, "jobindsats")
        kept = settings.fetched / "jobindsats" / "offentlig_forsoergelse_2024-12-10.json"
        assert kept.read_bytes() == json_answer()[2]
        with connect(settings, LOADER) as connection:
            row = connection.execute("select file_bytes, file_sha256 from audit.load_table").fetchone()
        assert row and tuple(row.values()) == (len(json_answer()[2]), sha256(json_answer()[2]).hexdigest())
        assert list((settings.var / "spool").iterdir()) == []

    def test_same_content_twice_is_nothing_new(self, settings, server):
        extract(settings, "jobindsats")
        assert extract(settings, "jobindsats").outcome == "nothing_new"

    def test_undated_answer_gets_day_of_request(self, settings, server):
        server.updated = None
        before = settings.fetched / "jobindsats" / "offentlig_forsoergelse_2024-12-10.json"
        before.parent.mkdir(parents=True)
        before.write_bytes(json_answer()[2])
        assert extract(settings, "jobindsats").loads[-1].delivery == "2024-12-10"
        assert extract(settings, "jobindsats").outcome == "nothing_new"
        server.answers = [json_answer(ROWS[:1])]
        result = extract(settings, "jobindsats")
        assert result.loads[-1].delivery == datetime.now(TIMEZONE).date().isoformat()

    def test_correction_of_same_day_is_accepted(self, settings, server, open_rows):
        extract(settings, "jobindsats")
        server.answers = [json_answer([[*ROWS[0][:4], 1988, *ROWS[0][5:]], ROWS[1]])]
        assert extract(settings, "jobindsats").loads[-1].tables["public_support"].changed == 1
        assert {float(row["actual_persons"]) for row in open_rows(RAW)} == {1988, 1990}

    @pytest.mark.parametrize("bad", [rb"\u0000", rb"\ud800"], ids=["zero byte", "half a character"])
    def test_bad_character_sets_one_row_aside(self, settings, server, open_rows, rejects, bad):
        areas = [f"Kommune {number}" for number in range(60)]
        status, kind, body = json_answer([[area, *ROWS[0][1:]] for area in (*areas, "Brønd@by")])
        server.answers = [(status, kind, body.replace(b"@", bad))]
        extract(settings, "jobindsats")
        assert [row["area"] for row in open_rows("jobindsats__public_support")] == sorted(areas)
        assert [reject[1:4] for reject in rejects()] == [(None, "area", "bad_character")]

    def test_file_and_api_give_same_table(self, settings, inbox, open_rows, monkeypatch):
        folder = inbox / "jobindsats"
        folder.mkdir(parents=True)
        (folder / "offentlig_forsoergelse_2025-01-02.json").write_bytes(json_answer()[2])
        assert extract(settings, "jobindsats").outcome == "accepted"
        assert len(open_rows(RAW)) == 2


class TestBadAnswer:
    def refused(self, settings: Settings) -> str:
        with pytest.raises(DeliveryRefused) as refusal:
            extract(settings, "jobindsats")
        return str(refusal.value)

    def test_wrong_token_is_never_printed(self, settings, server, monkeypatch, everything_written):
        monkeypatch.setenv("KVALITET_TOKEN_JOBINDSATS", "udloebet-noegle-456")
        with pytest.raises(KvalitetError, match=r"does not accept the token \(401\).*KVALITET_TOKEN_JOBINDSATS"):
            extract(settings, "jobindsats")
        assert last_attempt(settings)[0] == "failed"
        assert len(server.asked) == 1  # a wrong token is not tried again
        assert "udloebet-noegle-456" not in everything_written()
        monkeypatch.setenv("KVALITET_TOKEN_JOBINDSATS", TOKEN)
        assert extract(settings, "jobindsats").outcome == "accepted"

    def test_transient_error_is_retried(self, settings, server):
        server.answers = [(500, "text/plain", b"oops"), (503, "text/plain", b"oops"), json_answer()]
        assert extract(settings, "jobindsats").outcome == "accepted"
        assert server.data_requests() == 3

    def test_lasting_error_is_tried_4_times(self, settings, server):
        server.answers = [(500, "text/plain", b"oops")]
        result = extract(settings, "jobindsats")
        assert (result.outcome, server.data_requests()) == ("missing", 4)
        assert "in 4 attempts (status 500)" in result.message
        assert fetched(settings) == []
        server.answers = [json_answer()]
        assert extract(settings, "jobindsats").outcome == "accepted"

    def test_truncated_answer_leaves_nothing(self, settings, server):
        server.cut_after = 200
        result = extract(settings, "jobindsats")
        assert (result.outcome, server.data_requests()) == ("missing", 4)
        assert fetched(settings) == []
        server.cut_after = None
        assert extract(settings, "jobindsats").outcome == "accepted"

    def test_unreachable_server_is_missing(self, settings, server, monkeypatch):
        monkeypatch.setenv("KVALITET_URL_JOBINDSATS", "http://127.0.0.1:9/v2/")
        assert extract(settings, "jobindsats").outcome == "missing"

    def test_web_page_is_refused(self, settings, server):
        server.answers = [(200, "text/html", b"<!doctype html><title>Log ind</title>")]
        with pytest.raises(KvalitetError, match="with a web page, not with data"):
            extract(settings, "jobindsats")
        assert fetched(settings) == []
        server.answers = [json_answer()]
        assert extract(settings, "jobindsats").outcome == "accepted"

    @pytest.mark.parametrize(
        "headers", [{"Link": '</v2/data?page=2>; rel="next"'}, {"X-Next-Page": "2"}, {"X-Total-Pages": "4"}]
    )
    def test_first_page_of_several_is_refused(self, settings, server, headers):
        server.headers = headers
        with pytest.raises(KvalitetError, match="with one page of several"):
            extract(settings, "jobindsats")
        assert fetched(settings) == []

    def test_redirect_is_not_followed(self, settings, server):
        server.answers = [(302, "text/plain", b"")]
        with pytest.raises(KvalitetError, match="with status 302"):
            extract(settings, "jobindsats")

    def test_answer_over_size_limit_is_refused(self, settings, server, tmp_path, monkeypatch):
        text = (settings.contracts_dir / "jobindsats.odcs.yaml").read_text()
        (tmp_path / "jobindsats.odcs.yaml").write_text(text.replace("maxBytes, value: 50000000", "maxBytes, value: 99"))
        monkeypatch.setenv("KVALITET_CONTRACTS", str(tmp_path))
        with pytest.raises(KvalitetError, match="larger than the contract allows"):
            extract(settings, "jobindsats")

    def test_changed_variables_are_named(self, settings, server):
        labels = ("Kommune", *jobindsats.LABELS[1:])
        server.answers = [json_answer(labels=labels)]
        assert "missing: Area; not agreed: column 1" in self.refused(settings)

    def test_row_of_wrong_length_is_set_aside(self, settings, server):
        rows = [[f"Kommune {n}", *ROWS[0][1:]] for n in range(60)]
        server.answers = [json_answer([*rows, ROWS[0][:5]])]
        assert extract(settings, "jobindsats").loads[-1].tables["public_support"].rejected == 1

    def test_update_in_future_is_refused(self, settings, server):
        server.updated = "2999-01-01"
        with pytest.raises(KvalitetError, match="in the future"):
            extract(settings, "jobindsats")

    @pytest.mark.parametrize(
        ("body", "finding"),
        [
            (b'[{"Variables": [{"Label": "Area"}], "Data": [["a"], ["b"', "it breaks off"),
            (b'[{"Data": [["a"]]}]', "it has no Variables"),
            (b'{"Variables": [{"Navn": "Area"}]}', "a variable has no Label"),
            (b'{"Variables": [{"Label": "Area"}], "Data": {"a": 1}}', "it is not JSON of that form"),
            (b'{"Variables": [{"Label": "Area"}], "Data": [[{"a": 1}]]}', "something else than texts and numbers"),
            (b'"Area";"Periode"', "it is not JSON of that form"),
            (b'[{"Variables": ["\xe6"]}]', "not in the agreed encoding"),
        ],
    )
    def test_other_json_prints_no_values(self, settings, server, body, finding):
        server.answers = [(200, "application/json", body)]
        assert finding in self.refused(settings)


class TestCompressedAnswer:
    """A proxy may compress an answer although no compression was asked for."""

    @pytest.fixture
    def parts(self, server) -> list[bytes]:
        """The answer in two halves, each compressed separately."""
        server.headers["Content-Encoding"] = "gzip"
        _, _, body = json_answer()
        return [gzip.compress(body[:300]), gzip.compress(body[300:])]

    def answer(self, server: Api, body: bytes) -> None:
        server.answers = [(200, "application/json", body)]
        server.data_only_headers = True

    def test_all_gzip_members_are_read(self, settings, server, parts, open_rows):
        self.answer(server, b"".join(parts))
        assert extract(settings, "jobindsats").outcome == "accepted"
        assert len(open_rows(RAW)) == len(ROWS)

    @pytest.mark.parametrize("kept", [-1, -8, -20])
    def test_truncated_gzip_is_missing(self, settings, server, parts, kept):
        self.answer(server, b"".join(parts)[:kept])
        result = extract(settings, "jobindsats")
        assert result.outcome == "missing" and "its compressed form breaks off" in result.message
        assert fetched(settings) == []

    def test_broken_gzip_is_missing(self, settings, server, parts):
        self.answer(server, parts[0] + b"rest")
        result = extract(settings, "jobindsats")
        assert result.outcome == "missing" and "its compressed form is broken" in result.message

    def test_other_compression_is_refused(self, settings, server):
        server.headers["Content-Encoding"] = "br"
        self.answer(server, b"\x0b\x02\x80")
        with pytest.raises(KvalitetError, match="in a compressed form that is not gzip"):
            extract(settings, "jobindsats")


class TestStatisticsJson:
    @pytest.fixture
    def written(self, tmp_path: Path) -> Callable[[str], str]:
        def write(text: str) -> str:
            file, target = tmp_path / "in.json", tmp_path / "out.csv"
            file.write_text(text)
            statistics_json.write_table(file, "in.json", target)
            return target.read_text()

        return write

    def test_data_may_precede_variables(self, written):
        made = written('{"Data": [[1, null]], "Title": "x", "Variables": [{"Label": "A"}, {"Label": "B"}]}')
        assert made == '"A","B"\n"1",""\n'

    def test_numbers_and_texts_are_kept_exactly(self, written):
        data = r'[[0.10], [1e2], ["a,\"b\""], [12345678901234567890]]'
        made = written('[{"Variables": [{"Label": "A"}], "Data": ' + data + "}]")
        assert made == '"A"\n"0.10"\n"1e2"\n"a,""b"""\n"12345678901234567890"\n'

    @pytest.mark.parametrize(
        ("beside", "finding"),
        [
            ('"NextPage": "/v2/data?page=2"', "more rows (nextpage)"),
            ('"@odata.nextLink": "https://example.invalid/x"', "more rows (odatanextlink)"),
            ('"_links": {"next": {"href": "/x"}}', "more rows (next)"),
            ('"paging": [{"hasMore": true}]', "more rows (hasmore)"),
            ('"TotalCount": 184', "184 rows in all (totalcount), and 2 are in it"),
            ('"meta": {"pagination": {"total_pages": 4}}', "one of several pages (totalpages)"),
            ('"meta": {"total": 184}', "184 rows in all (total), and 2 are in it"),
            ('"Antal rækker": "3"', "3 rows in all (antalrækker), and 2 are in it"),
        ],
    )
    @pytest.mark.parametrize("comes_first", [True, False])
    def test_declared_partial_answer_is_refused(self, written, beside, finding, comes_first):
        data = '"Variables": [{"Label": "A"}], "Data": [[1], [2]]'
        with pytest.raises(DeliveryRefused, match=re.escape(finding)):
            written("[{" + (f"{beside}, {data}" if comes_first else f"{data}, {beside}") + "}]")

    @pytest.mark.parametrize(
        "beside",
        [
            '"TotalCount": 2',
            '"next": null',
            '"hasMore": false',
            '"TotalPages": 1',
            '"Title": "Next of kin, in total 7"',
            '"Total": 8125',
            '"NextUpdate": "2026-12-10"',
            '"More": "https://example.invalid/about"',
        ],
    )
    def test_declared_whole_answer_is_read(self, written, beside):
        assert written('{"Variables": [{"Label": "A"}], "Data": [[1], [2]], ' + beside + "}") == '"A"\n"1"\n"2"\n'

    @pytest.mark.parametrize(
        "text",
        [
            '{"Variables": [{"Label": "A"}], "Data": [[1]], "Data": [[2]]}',
            '{"Variables": [{"Label": "A"}], "Data": [[1]], "Variables": [{"Label": "B"}]}',
            '{"Variables": [{"Label": "A", "Label": "B"}], "Data": [[1]]}',
            '{"Variables": [{"Label": "A"}], "Data": [[1]], "about": {"unit": "persons", "unit": "cases"}}',
        ],
    )
    def test_duplicate_member_is_refused(self, written, text):
        with pytest.raises(DeliveryRefused, match="names a member twice"):
            written(text)

    def test_member_name_must_be_text(self, written):
        with pytest.raises(DeliveryRefused, match="not JSON of that form"):
            written('{["Data"]: [[1]]}')

    @pytest.mark.parametrize("chunk", [1, 2, 7])
    def test_chunks_may_end_anywhere(self, written, monkeypatch, chunk):
        monkeypatch.setattr(statistics_json, "CHUNK_CHARACTERS", chunk)
        assert written('[{"Variables":[{"Label":"Å"}],"Data":[[12],["3\\u00e6"]]}]') == '"Å"\n"12"\n"3æ"\n'

    def test_endless_value_is_refused(self, written, monkeypatch):
        monkeypatch.setattr(statistics_json, "MAX_VALUE_CHARACTERS", 1000)
        monkeypatch.setattr(statistics_json, "CHUNK_CHARACTERS", 100)
        with pytest.raises(DeliveryRefused, match="longer than agreed"):
            written('{"Variables": "' + "x" * 5000)


class TestChoiceOfServer:
    def problems(self, settings: Settings) -> str:
        from kvalitet.contracts import load_contracts

        return "; ".join(load_contracts(settings)["jobindsats"].problems)

    def test_unknown_server_is_named(self, settings, monkeypatch):
        monkeypatch.setenv("KVALITET_SERVER_JOBINDSATS", "ftp")
        assert "called ftp (KVALITET_SERVER_JOBINDSATS) is missing" in self.problems(settings)

    def test_token_is_sent_over_https_only(self, settings, monkeypatch):
        monkeypatch.setenv("KVALITET_SERVER_JOBINDSATS", "api")
        monkeypatch.setenv("KVALITET_URL_JOBINDSATS", "http://api.jobindsats.dk/v2/")
        assert "location must be an https address" in self.problems(settings)

    def test_token_may_be_mounted_as_file(self, settings, server, tmp_path, monkeypatch):
        monkeypatch.delenv("KVALITET_TOKEN_JOBINDSATS")
        monkeypatch.setenv("KVALITET_TOKEN_FILE_JOBINDSATS", str(tmp_path / "token"))
        with pytest.raises(KvalitetError, match="token of jobindsats is not at"):
            extract(settings, "jobindsats")
        (tmp_path / "token").write_text(TOKEN + "\n")
        assert extract(settings, "jobindsats").outcome == "accepted"

    def test_token_may_be_airflow_connection(self, settings, server, monkeypatch):
        import airflow.sdk  # noqa: F401 (a task has it)

        monkeypatch.delenv("KVALITET_TOKEN_JOBINDSATS")
        monkeypatch.setenv("AIRFLOW_CONN_JOBINDSATS", json.dumps({"conn_type": "http", "password": TOKEN}))
        assert extract(settings, "jobindsats").outcome == "accepted"
