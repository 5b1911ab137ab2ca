"""What a user is told of each kind of mistake in the files of INPUT."""

from decimal import Decimal
from pathlib import Path

import pytest

from devkit.input_folder import InputFolderError, read_input_folder
from devkit.scenario import Scenario

CUSTOMERS = "customer_id,name,country\nALFKI,Alfreds Futterkiste,Germany\n"
PRODUCTS = "product_id,name,unit_price,units_in_stock\n11,Queso,21.00,22\n42,Mee,14.00,26\n"
ORDERS = (
    "order_id,customer_id,ordered_at,product_id,quantity,unit_price\n"
    "10248,ALFKI,1996-07-04,11,12,14.00\n"
    "10248,ALFKI,1996-07-04,42,10,9.80\n"
    "10249,ALFKI,1996-07-05,42,9,18.60\n"
)


def write(folder: Path, **files: str | bytes) -> Path:
    contents = {"customers": CUSTOMERS, "products": PRODUCTS, "orders": ORDERS} | files
    for name, content in contents.items():
        raw = content.encode() if isinstance(content, str) else content
        (folder / f"{name}.csv").write_bytes(raw)
    return folder


def read(folder: Path) -> Scenario:
    return read_input_folder(folder, credit_limit=Decimal(1000))


def complaint(folder: Path) -> str:
    with pytest.raises(InputFolderError) as refusal:
        read(folder)
    return str(refusal.value)


def test_a_good_folder_becomes_orders_in_the_order_of_the_file(tmp_path: Path) -> None:
    scenario = read(write(tmp_path))
    assert [order.key for order in scenario.orders] == ["10248", "10249"]
    assert [line.product_id for line in scenario.orders[0].lines] == ["11", "42"]
    assert scenario.orders[0].total == Decimal("266.00")
    assert scenario.stock == {"11": 22, "42": 26}
    assert scenario.customers[0].credit_limit == Decimal(1000)
    assert scenario.notes == ()


def test_a_customer_may_bring_a_credit_limit(tmp_path: Path) -> None:
    customers = "customer_id,name,country,credit_limit\nALFKI,Alfreds,Germany,250.5\n"
    scenario = read(write(tmp_path, customers=customers))
    assert scenario.customers[0].credit_limit == Decimal("250.50")


def test_a_byte_order_mark_and_carriage_returns_do_no_harm(tmp_path: Path) -> None:
    orders = b"\xef\xbb\xbf" + ORDERS.replace("\n", "\r\n").encode()
    assert len(read(write(tmp_path, orders=orders)).orders) == 2


def test_orders_of_unknown_customers_and_products_are_for_the_services_to_reject(
    tmp_path: Path,
) -> None:
    orders = ORDERS + "10250,WHO,1996-07-05,42,9,18.60\n10251,ALFKI,1996-07-05,77,9,18.60\n"
    scenario = read(write(tmp_path, orders=orders))
    assert len(scenario.orders) == 4
    assert scenario.notes == (
        "orders for a customer that customers.csv does not know: 1",
        "orders for a product that products.csv does not know: 1",
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("10250,ALFKI,1996-07-05,42,nine,18.60", "quantity 'nine' is not a whole number"),
        ("10250,ALFKI,1996-07-05,42,1.5,18.60", "quantity '1.5' is not a whole number"),
        ("10250,ALFKI,1996-07-05,42,-9,18.60", "quantity -9 is negative"),
        ("10250,ALFKI,1996-07-05,42,0,18.60", "quantity is 0: an order line has at least 1"),
        ("10250,ALFKI,1996-07-05,42,1000001,18.60", "quantity 1000001 is more than 1000000"),
        ("10250,ALFKI,1996-07-05,42,9,cheap", "unit_price 'cheap' is not a number"),
        ("10250,ALFKI,1996-07-05,42,9,NaN", "unit_price 'NaN' is not a number"),
        ("10250,ALFKI,1996-07-05,42,9,-1", "unit_price -1 is negative"),
        ("10250,ALFKI,1996-07-05,42,9,0.00", "unit_price is 0: nothing is ordered for free"),
        ("10250,ALFKI,1996-07-05,42,9,1e8", "unit_price 1e8 is more than 99999999.99"),
        ("10250,ALFKI,1996-07-05,42,9,1.005", "unit_price 1.005 has more than two places"),
        ("10250,ALFKI,1996-07-05,42,9,", "unit_price '' is not a number"),
        ("10250,ALFKI,5 July,42,9,1.00", "ordered_at '5 July' is not a date such as 1996-07-04"),
        ("10250,,1996-07-05,42,9,1.00", "customer_id '' is not 1 to 64 letters"),
        ("10250,A B,1996-07-05,42,9,1.00", "customer_id 'A B' is not 1 to 64 letters"),
        ("10250,ALFKI,1996-07-05,42,9", "has 5 fields, the header has 6"),
        ("10250,ALFKI,1996-07-05,42,9,1.00,x", "has 7 fields, the header has 6"),
        ('10250,ALFKI,1996-07-05,42,9,"1.00', "is not CSV: unexpected end of data"),
        ("10249,ANTON,1996-07-05,11,9,1.00", "the order's customer is 'ANTON' here and 'ALFKI'"),
        ("10248,ALFKI,1996-07-05,11,9,1.00", "order '10248' has lines here and at line 2"),
    ],
)
def test_a_wrong_order_line_is_named_by_file_line_and_reason(
    tmp_path: Path, row: str, reason: str
) -> None:
    assert complaint(write(tmp_path, orders=f"{ORDERS}{row}\n")).startswith(
        f"orders.csv, line 5: {reason}"
    )


@pytest.mark.parametrize(
    ("customers", "reason"),
    [
        (CUSTOMERS + "ALFKI,Twin,Germany\n", "line 3: customer_id 'ALFKI' is already in line 2"),
        (CUSTOMERS + "ANTON,,Mexico\n", "line 3: name is empty"),
        (CUSTOMERS + "ANTON,A\tB,Mexico\n", "line 3: name 'A\\tB' holds a control character"),
        (CUSTOMERS.encode() + b"ANTON,Taquer\xeda,Mexico\n", "line 3: is not UTF-8"),
        (
            "customer_id,name\nALFKI,Alfreds\n",
            "line 1: lacks the column country; it has customer_id, name",
        ),
        (
            "customer_id,name,name,country\nALFKI,A,B,Germany\n",
            "line 1: has the column name more than once",
        ),
        ("customer_id,name,country,credit_limit\nA,A,UK,-5\n", "line 2: credit_limit -5 is"),
    ],
)
def test_a_wrong_customer_is_named_by_file_line_and_reason(
    tmp_path: Path, customers: str | bytes, reason: str
) -> None:
    assert f"customers.csv, {reason}" in complaint(write(tmp_path, customers=customers))


def test_a_line_number_counts_the_lines_within_quotes(tmp_path: Path) -> None:
    customers = CUSTOMERS + 'ANTON,"two\nlines",Mexico\nB,B,\n'
    assert "customers.csv, line 5: country is empty" in complaint(
        write(tmp_path, customers=customers)
    )


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_is_an_error(tmp_path: Path, content: str) -> None:
    assert complaint(write(tmp_path, products=content)) == "products.csv: is empty"


def test_a_file_with_only_a_header_is_an_error(tmp_path: Path) -> None:
    header = ORDERS.splitlines()[0]
    assert complaint(write(tmp_path, orders=header)) == "orders.csv: has no rows below its header"


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    (write(tmp_path) / "products.csv").unlink()
    assert complaint(tmp_path) == "products.csv: is missing"


def test_a_file_that_is_a_folder_is_an_error(tmp_path: Path) -> None:
    (write(tmp_path) / "products.csv").unlink()
    (tmp_path / "products.csv").mkdir()
    assert complaint(tmp_path) == "products.csv: cannot be read: Is a directory"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert complaint(tmp_path / "nowhere").endswith("cannot be read: No such file or directory")


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert complaint(tmp_path / "file").endswith("cannot be read: Not a directory")


def test_an_order_has_at_most_a_hundred_lines(tmp_path: Path) -> None:
    orders = ORDERS.splitlines()[0] + "\n" + "1,ALFKI,1996-07-04,11,1,1.00\n" * 101
    assert complaint(write(tmp_path, orders=orders)) == (
        "orders.csv, line 102: an order has at most 100 lines, this has 101"
    )


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    told = complaint(
        write(
            tmp_path,
            customers=CUSTOMERS + "ANTON,,Mexico\n",
            products=PRODUCTS + "43,Sprit,1.00,-1\n",
            orders=ORDERS + "10250,ALFKI,1996-07-05,42,no,no\n",
        )
    )
    assert [line.split(":")[0] for line in told.splitlines()] == [
        "customers.csv, line 3",
        "products.csv, line 4",
        "orders.csv, line 5",
        "orders.csv, line 5",
    ]


def test_of_many_mistakes_the_first_twenty_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    wrong = "".join(f"2{n},ALFKI,1996-07-05,42,no,1.00\n" for n in range(50))
    told = complaint(write(tmp_path, orders=ORDERS + wrong)).splitlines()
    assert len(told) == 21
    assert told[-1] == "… and 30 more"
