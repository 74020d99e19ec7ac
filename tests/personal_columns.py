"""Columns with labels, for measuring: headers as offices write them, values invented by a fixed generator."""

from collections.abc import Callable, Iterator
from random import Random

SURNAMES = tuple("Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý Vi Lô Cao Đinh Thái Võ".split())  # noqa: SIM905
MIDDLE = ["Văn", "Thị", "Đức", "Minh", "Hữu", "Thanh", "Ngọc", "Xuân", "Quốc", "Thu"]
GIVEN = tuple("An Bình Cường Dung Hoa Hùng Lan Long Mai Nam Phúc Quân Sơn Thảo Trang Tuấn Vinh Yến Hà Đạt".split())  # noqa: SIM905
PLACES = ("Nghi Kim", "Hưng Lộc", "Diễn Phong", "Yên Hòa", "Thanh Lĩnh", "Tam Quang", "Châu Hội", "Đông Hiếu")
PROVINCES = ("040", "038", "042", "001", "079", "044")

Make = Callable[[Random, int], str]


def name(r: Random, i: int) -> str:
    return f"{r.choice(SURNAMES)} {r.choice(MIDDLE)} {r.choice(GIVEN)}"


def cccd(r: Random, i: int) -> str:
    return f"{r.choice(PROVINCES)}{r.choice('01')}{r.randrange(40, 99)}{r.randrange(10**6):06d}"


def cccd_eaten(r: Random, i: int) -> str:
    return cccd(r, i).lstrip("0")


def cmnd(r: Random, i: int) -> str:
    return f"18{r.randrange(10**7):07d}"


def phone(r: Random, i: int) -> str:
    return f"0{r.choice('35789')}{r.randrange(10**8):08d}"


def phone_spaced(r: Random, i: int) -> str:
    digits = phone(r, i)
    return f"{digits[:4]} {digits[4:7]} {digits[7:]}"


def phone_eaten(r: Random, i: int) -> str:
    return phone(r, i)[1:]


def phone_dots(r: Random, i: int) -> str:
    digits = phone(r, i)
    return f"{digits[:4]}.{digits[4:7]}.{digits[7:]}"


def phone_84(r: Random, i: int) -> str:
    return "+84" + phone(r, i)[1:]


def landline(r: Random, i: int) -> str:
    return f"0238{r.randrange(10**7):07d}"


def mail(r: Random, i: int) -> str:
    host = r.choice(("gmail.com", "yahoo.com", "hotmail.com", "gmail.com.vn"))
    return f"{r.choice('abcdhklmnt')}{r.choice(('nguyen', 'tran', 'le', 'hoang'))}{r.randrange(1000)}@{host}"


def office_mail(r: Random, i: int) -> str:
    return f"{r.choice(('syt', 'stc', 'snv', 'vanthu', 'ubnd'))}{r.randrange(9)}@nghean.gov.vn"


def role_mail(r: Random, i: int) -> str:
    return f"{r.choice(('info', 'contact', 'lienhe', 'vanphong'))}@congty{r.randrange(100)}.com.vn"


def card(r: Random, i: int) -> str:
    return f"{r.choice(('GD', 'DN', 'HS', 'TE', 'CN'))}{r.randrange(1, 6)}40{r.randrange(10**10):010d}"


def bhxh(r: Random, i: int) -> str:
    return f"40{r.randrange(10**8):08d}"


def bank(r: Random, i: int) -> str:
    return str(r.randrange(10**9, 10**13))


def plate(r: Random, i: int) -> str:
    return f"37{r.choice('ABCDFHK')}-{r.randrange(1000):03d}.{r.randrange(100):02d}"


def bike(r: Random, i: int) -> str:
    return f"37{r.choice('BCDFHK')}{r.randrange(1, 10)}-{r.randrange(100000):05d}"


def passport(r: Random, i: int) -> str:
    return f"{r.choice('BCPN')}{r.randrange(10**7):07d}"


def birthday(r: Random, i: int) -> str:
    return f"{r.randrange(1, 29):02d}/{r.randrange(1, 13):02d}/{r.randrange(1940, 2015)}"


def birth_year(r: Random, i: int) -> str:
    return str(r.randrange(1940, 2015))


def home(r: Random, i: int) -> str:
    return f"Xóm {r.randrange(1, 12)}, xã {r.choice(PLACES)}, Nghệ An"


def street(r: Random, i: int) -> str:
    return f"Số {r.randrange(1, 200)} đường {r.choice(('Lê Lợi', 'Trần Phú', 'Quang Trung', 'Nguyễn Du'))}, TP Vinh"


def disease(r: Random, i: int) -> str:
    return r.choice(("Tăng huyết áp", "Đái tháo đường type 2", "Viêm phổi", "Hen phế quản", "Bình thường", "Loại II"))


def tax(r: Random, i: int) -> str:
    return f"29{r.randrange(10**8):08d}"


def statistical(r: Random, i: int) -> str:
    return f"{17000 + i}"


def long_code(r: Random, i: int) -> str:
    return f"{r.randrange(10**12):012d}"


def money(r: Random, i: int) -> str:
    return str(r.randrange(10**8, 10**9))


def count(r: Random, i: int) -> str:
    return str(r.randrange(5000))


def day(r: Random, i: int) -> str:
    return f"{r.randrange(1, 29):02d}/{r.randrange(1, 13):02d}/{r.randrange(2015, 2025)}"


def commune(r: Random, i: int) -> str:
    return f"Xã {r.choice(PLACES)}"


def school(r: Random, i: int) -> str:
    return f"Trường {r.choice(('Mầm non', 'Tiểu học', 'THCS'))} {r.choice(PLACES)}"


def firm(r: Random, i: int) -> str:
    return f"Công ty {r.choice(('TNHH', 'CP'))} {r.choice(PLACES)}"


def hero(r: Random, i: int) -> str:
    return r.choice(
        ("Lê Lợi", "Trần Phú", "Nguyễn Du", "Phan Bội Châu", "Lê Hồng Phong", "Nguyễn Thị Minh Khai", "Hồ Tùng Mậu")
    )


def hotline(r: Random, i: int) -> str:
    return r.choice(("19009095", "1022", "0888113114", "0911114114", "18001091"))


def share(r: Random, i: int) -> str:
    return f"{r.randrange(1000) / 10}"


def coordinate(r: Random, i: int) -> str:
    return f"{18 + r.randrange(10**5) / 10**5:.5f}"


def paper(r: Random, i: int) -> str:
    return f"{r.randrange(1, 5000)}/QĐ-UBND"


def procedure(r: Random, i: int) -> str:
    return f"1.0{r.randrange(10**5):05d}"


MADE: list[tuple[str, tuple[Make, ...], str]] = [
    (
        "cccd",
        (cccd, cccd_eaten),
        "Số CCCD|CCCD|Căn cước công dân|Số định danh cá nhân|Số căn cước|Mã định danh công dân|Số CCCD/CMND"
        "|Số giấy tờ tùy thân|CCCD người đại diện|Số ĐDCN",
    ),
    ("cccd", (cccd,), "Mã số|Ghi chú|Cột 5||So giay to|Mã|Thông tin"),
    ("cmnd", (cmnd,), "Số CMND|CMND|CMT|Số chứng minh nhân dân|Chứng minh thư|CMTND|CMND/CCCD|Số CMT"),
    (
        "phone",
        (phone, phone_spaced, phone_eaten, phone_dots, phone_84),
        "Số điện thoại|SĐT|Điện thoại|ĐT|Điện thoại liên hệ|Di động|Số ĐT|Dien thoai|ĐTDĐ|Mobile|Phone"
        "|Điện thoại người đại diện|Zalo",
    ),
    ("phone", (phone, phone_spaced), "Liên hệ|Cột 7|"),
    (
        "email",
        (mail,),
        "Email|E-mail|Thư điện tử|Địa chỉ email|Hộp thư|Email cá nhân|Liên hệ|Cột 4|Email người liên hệ",
    ),
    ("bhxh", (bhxh,), "Mã số BHXH|Số sổ BHXH|Số BHXH|BHXH|Mã số bảo hiểm xã hội|Số sổ bảo hiểm xã hội"),
    ("bhxh", (card,), "Số thẻ BHYT|Mã thẻ BHYT|BHYT|Thẻ bảo hiểm y tế|Mã thẻ|Số thẻ|Cột 3"),
    (
        "bank",
        (bank,),
        "Số tài khoản|STK|Số TK|Số tài khoản ngân hàng|Tài khoản nhận tiền|Tài khoản ngân hàng"
        "|Số tài khoản thụ hưởng|Bank account",
    ),
    ("plate", (plate, bike), "Biển số|Biển số xe|Biển kiểm soát|BKS|Biển số đăng ký|Số xe"),
    ("plate", (plate,), "Phương tiện|Xe"),
    ("passport", (passport,), "Số hộ chiếu|Hộ chiếu|Passport|Passport No|Số passport"),
    (
        "name",
        (name,),
        "Họ và tên|Họ tên|Họ và tên chủ hộ|Chủ hộ|Tên học sinh|Người đại diện|Người đại diện theo pháp luật"
        "|Ho va ten|Tên|Giám đốc|Chủ cơ sở|Người nộp hồ sơ|Nghệ nhân|Họ, tên|Tác giả|Thành viên"
        "|Tên người hưởng|Họ và tên bệnh nhân|Người phụ trách|Đại diện|Full name",
    ),
    (
        "birth_date",
        (birthday, birth_year),
        "Ngày sinh|Năm sinh|Ngày tháng năm sinh|Ngày, tháng, năm sinh|NTNS|Date of birth|Sinh năm|Ngay sinh",
    ),
    (
        "address",
        (home,),
        "Nơi thường trú|Quê quán|Hộ khẩu thường trú|Nơi ở hiện nay|Nguyên quán|Địa chỉ thường trú|Nơi cư trú"
        "|Chỗ ở hiện tại|Nơi sinh|Địa chỉ nhà",
    ),
    (
        "health",
        (disease,),
        "Chẩn đoán|Bệnh lý|Tiền sử bệnh|Tình trạng sức khỏe|Bệnh nền|Bệnh chính|Phân loại sức khỏe|Tên bệnh",
    ),
    ("none", (tax,), "Mã số thuế|MST|Mã số doanh nghiệp|Mã số thuế doanh nghiệp|MSDN|Ma so thue|Mã số HTX"),
    ("none", (statistical,), "Mã xã|Mã đơn vị|Mã số|Mã trường|Mã thống kê|Mã ĐVHC|Mã bưu chính"),
    ("none", (long_code,), "Mã hồ sơ|Mã tra cứu|Mã vạch|Số seri|Mã lô hàng"),
    ("none", (money,), "Doanh thu|Tổng vốn đầu tư|Số tiền|Kinh phí (đồng)|Vốn điều lệ|Giá trị|Dự toán|Thành tiền"),
    (
        "none",
        (count,),
        "Số người|Số hộ|Số hộ có điện thoại|Số người có CCCD|Số lượng học sinh|Số trẻ em|Số bệnh nhân"
        "|Số lao động tham gia BHXH|Số giường bệnh|Số lượt khám",
    ),
    ("none", (share,), "Tỷ lệ (%)|Tỷ lệ cấp CCCD (%)|Tỷ lệ tham gia BHYT|Mật độ|Diện tích (ha)|Tỷ lệ mắc bệnh"),
    ("none", (day,), "Ngày cấp|Ngày ban hành|Ngày hiệu lực|Ngày cấp CCCD|Ngày thành lập|Ngày khám|Thời gian"),
    ("none", (landline,), "Điện thoại|Số điện thoại|Điện thoại cơ quan|SĐT|Fax|Số máy bàn"),
    ("none", (hotline,), "Đường dây nóng|Hotline|Tổng đài|Số điện thoại đường dây nóng"),
    ("none", (phone,), "Đường dây nóng|Hotline|Điện thoại cơ quan|Số điện thoại trực ban|Điện thoại văn phòng"),
    ("none", (office_mail,), "Email|Thư điện tử|Email cơ quan|Hộp thư|Email liên hệ"),
    ("none", (role_mail,), "Email|Email công ty|Thư điện tử"),
    ("none", (school,), "Tên trường|Tên đơn vị|Tên|Đơn vị|Cơ sở giáo dục"),
    ("none", (firm,), "Tên doanh nghiệp|Tên công ty|Tên|Tên đơn vị|Chủ đầu tư|Nhà thầu"),
    ("none", (commune,), "Xã|Tên xã|Địa bàn|Đơn vị hành chính|Tên|Nơi đặt"),
    ("none", (hero,), "Tên đường|Đường phố|Tên trường|Tuyến đường|Tên phố|Tên công trình"),
    ("none", (street,), "Địa chỉ|Địa chỉ trụ sở|Địa chỉ trụ sở chính|Địa điểm|Trụ sở"),
    ("none", (coordinate,), "Vĩ độ|Tọa độ X|Latitude"),
    ("none", (paper,), "Số quyết định|Số văn bản|Số hiệu"),
    ("none", (procedure,), "Mã thủ tục|Mã TTHC"),
]


def columns() -> Iterator[tuple[str, str, list[str]]]:
    """Label, header and values of every column; each header with each way of writing the values."""
    for label, makers, headers in MADE:
        for header in headers.split("|"):
            for maker in makers:
                random = Random(f"{label}{header}{maker.__name__}")
                yield label, header, [maker(random, i) for i in range(30)]
                if label != "none":
                    yield label, header.upper(), [maker(random, i) for i in range(8)] + ["", "-"]
