"""The corpus in data/workbooks: small files in the forms of Vietnamese offices, each with the truth written by hand.

All persons, firms and figures are invented. `python tests/workbook_corpus.py` writes the files again.
"""

# ruff: noqa: E501, W291 (the lines are rows of files)

import json
from pathlib import Path

from workbook_maker import Case, Sheet, write

FOLDER = Path(__file__).parent / "data" / "workbooks"


def case(name: str, *sheets: Sheet, tables: str = "", codes: str = "", **more) -> Case:
    """Tables are parted by a line of `---`."""
    parts = tuple(part.strip("\n") + "\n" for part in tables.split("\n---\n")) if tables else ()
    questions = frozenset(more.pop("questions", "").split())
    return Case(name, sheets, tables=parts, codes=frozenset(codes.split()), questions=questions, **more)


CASES = [
    case(
        "01-co-so-kham-chua-benh.xlsx",
        Sheet(
            "Danh sách",
            """
SỞ Y TẾ NGHỆ AN|||CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Số: 15/DS-SYT|||Độc lập - Tự do - Hạnh phúc

*DANH SÁCH CƠ SỞ KHÁM BỆNH, CHỮA BỆNH
(Tính đến ngày 31 tháng 12 năm 2024)

*STT|Tên cơ sở|Địa chỉ|Số giường bệnh|Ngày cấp phép
1|Trạm Y tế xã Nghi Kim|Xã Nghi Kim, TP Vinh|10|05/03/2015
2|Bệnh viện Đa khoa Minh Hồng|Số 5 Lê Lợi, TP Vinh|'120|17/11/2012
3|Phòng khám Đa khoa Thái An|Xã Hưng Lộc|'-|28/02/2020

Nơi nhận:
- Như trên;
- Lưu: VT.|||GIÁM ĐỐC
|||(Ký tên, đóng dấu)
""",
            "A1:C1 D1:E1 A2:C2 D2:E2 A4:E4 A5:E5",
        ),
        tables="""
Tên cơ sở,Địa chỉ,Số giường bệnh,Ngày cấp phép
Trạm Y tế xã Nghi Kim,"Xã Nghi Kim, TP Vinh",10,2015-03-05
Bệnh viện Đa khoa Minh Hồng,"Số 5 Lê Lợi, TP Vinh",120,2012-11-17
Phòng khám Đa khoa Thái An,Xã Hưng Lộc,,2020-02-28
""",
        codes="missing-marker",
    ),
    case(
        "02-dien-tich-gieo-trong.xlsx",
        Sheet(
            "Biểu 01",
            """
Biểu số 01/NN
*KẾT QUẢ GIEO TRỒNG VỤ XUÂN NĂM 2024
||||||Đơn vị tính: ha
*TT|Đơn vị|Tổng diện tích|Trong đó||Cây màu|
|||Lúa lai|Lúa thuần|Ngô|Lạc
(1)|(2)|(3)=(4)+(5)|(4)|(5)|(6)|(7)
1|Huyện Diễn Châu|150.5|100.5|50|20|30.25
2|Huyện Yên Thành|300|180|120|15.5|12
3|Huyện Quỳnh Lưu|210|110|100|40|8
*|Tổng cộng|660.5|390.5|270|75.5|50.25
""",
            "A1:C1 A2:G2 A4:A5 B4:B5 C4:C5 D4:E4 F4:G4",
        ),
        tables="""
Đơn vị,Tổng diện tích (ha),Trong đó - Lúa lai (ha),Trong đó - Lúa thuần (ha),Cây màu - Ngô (ha),Cây màu - Lạc (ha)
Huyện Diễn Châu,150.5,100.5,50,20,30.25
Huyện Yên Thành,300,180,120,15.5,12
Huyện Quỳnh Lưu,210,110,100,40,8
""",
    ),
    case(
        "03-thu-ngan-sach.xlsx",
        Sheet(
            "TNS",
            """
UBND HUYỆN NAM ĐÀN||||Mẫu số 02/CK-NSNN
*DỰ TOÁN THU NGÂN SÁCH NHÀ NƯỚC NĂM 2025
||||Đơn vị: triệu đồng
*STT|Nội dung|Dự toán năm 2024|Ước thực hiện năm 2024|Dự toán năm 2025
*A|THU CÂN ĐỐI NSNN|'12.500|'13.100|'14.200
*I|Thu nội địa|'9.500|'10.000|'10.700
1|Thu từ khu vực doanh nghiệp|'3.000|'3.200|'3.500
2|Thuế thu nhập cá nhân|'1.500|'1.800|'2.000
3|Thu tiền sử dụng đất|'5.000|'5.000|'5.200
*II|Thu viện trợ|'3.000|'3.100|'3.500
1|Viện trợ không hoàn lại|'3.000|'3.100|'3.500
*B|THU CHUYỂN NGUỒN|'1.250.000|'0|'1.000
1|Từ năm trước|'1.250.000|'0|'1.000
""",
            "A1:B1 A2:E2",
        ),
        tables="""
Nhóm 1,Nhóm 2,Nội dung,Dự toán năm 2024 (triệu đồng),Ước thực hiện năm 2024 (triệu đồng),Dự toán năm 2025 (triệu đồng)
THU CÂN ĐỐI NSNN,Thu nội địa,Thu từ khu vực doanh nghiệp,3000,3.200,3.500
THU CÂN ĐỐI NSNN,Thu nội địa,Thuế thu nhập cá nhân,1500,1.800,2.000
THU CÂN ĐỐI NSNN,Thu nội địa,Thu tiền sử dụng đất,5000,5.000,5.200
THU CÂN ĐỐI NSNN,Thu viện trợ,Viện trợ không hoàn lại,3000,3.100,3.500
THU CHUYỂN NGUỒN,,Từ năm trước,1250000,0,1.000
""",
        codes="ambiguous-number",
        questions="ambiguous-number",
    ),
    case(
        "04-dan-so-theo-xa.xlsx",
        Sheet(
            "Dân số",
            """
*DÂN SỐ TRUNG BÌNH PHÂN THEO GIỚI TÍNH
*STT|Xã, phường|Dân số (người)||Mật độ\\n(người/km2)
||Nam|Nữ|
|Thành phố Vinh||||
1|Phường Bến Thủy|9800|10200|6100.5
2|Phường Lê Lợi|7000|7100|5900
|Huyện Nghi Lộc||||
1|Xã Nghi Hoa|3000|3100|800
2|Xã Nghi Diên|4500|4400|950.25
Tổng số||24300|24800|
Nguồn: Chi cục Thống kê
""",
            "A1:E1 A2:A3 B2:B3 C2:D2 E2:E3 A10:B10",
        ),
        tables="""
Nhóm,"Xã, phường",Dân số - Nam (người),Dân số - Nữ (người),Mật độ (người/km2)
Thành phố Vinh,Phường Bến Thủy,9800,10200,6100.5
Thành phố Vinh,Phường Lê Lợi,7000,7100,5900
Huyện Nghi Lộc,Xã Nghi Hoa,3000,3100,800
Huyện Nghi Lộc,Xã Nghi Diên,4500,4400,950.25
""",
    ),
    case(
        "05-ho-ngheo-tong-sai.xlsx",
        Sheet(
            "Hộ nghèo",
            """
STT|Đơn vị|Tổng số hộ|Hộ nghèo|Tỷ lệ (%)
1|Xã Châu Bính|1200|120|10
2|Xã Châu Hội|800|100|12.5
3|Xã Châu Nga|500|80|16
|Cộng|2500|310|12.4
""",
        ),
        tables="""
Đơn vị,Tổng số hộ,Hộ nghèo,Tỷ lệ (%)
Xã Châu Bính,1200,120,10
Xã Châu Hội,800,100,12.5
Xã Châu Nga,500,80,16
""",
        codes="total-mismatch",
    ),
    case(
        "06-truong-hoc-nhieu-sheet.xlsx",
        Sheet(
            "Mầm non",
            "*STT|Tên trường|Số lớp|Số học sinh\n1|Trường Mầm non Hoa Sen|12|350\n2|Trường Mầm non Bình Minh|9|240",
        ),
        Sheet(
            "Tiểu học",
            "*STT|Tên trường|Số lớp|Số học sinh\n1|Trường Tiểu học Lê Lợi|20|700\n2|Trường Tiểu học Hà Huy Tập|25|910",
        ),
        Sheet("THCS", "*STT|Tên trường|Số lớp|Số học sinh\n1|Trường THCS Đặng Thai Mai|16|640"),
        tables="""
Trang tính,Tên trường,Số lớp,Số học sinh
Mầm non,Trường Mầm non Hoa Sen,12,350
Mầm non,Trường Mầm non Bình Minh,9,240
Tiểu học,Trường Tiểu học Lê Lợi,20,700
Tiểu học,Trường Tiểu học Hà Huy Tập,25,910
THCS,Trường THCS Đặng Thai Mai,16,640
""",
    ),
    case(
        "07-hai-bang-mot-trang.xlsx",
        Sheet(
            "Chợ",
            """
*Bảng 1. Chợ hạng I
*STT|Tên chợ|Số quầy
1|Chợ Vinh|2500
2|Chợ Quang Trung|300

*Bảng 2. Siêu thị
*STT|Tên siêu thị|Diện tích (m2)|Năm mở
1|Siêu thị Hưng Dũng|4500|2018
2|Siêu thị Bến Thủy|3200|2021
""",
            "A1:C1 A6:D6",
        ),
        tables="""
Tên chợ,Số quầy
Chợ Vinh,2500
Chợ Quang Trung,300
---
Tên siêu thị,Diện tích (m2),Năm mở
Siêu thị Hưng Dũng,4500,2018
Siêu thị Bến Thủy,3200,2021
""",
        codes="multiple-tables",
    ),
    case(
        "08-bang-canh-nhau.xlsx",
        Sheet(
            "Kết quả",
            """
*STT|Xã|Điểm||STT|Phường|Điểm
1|Xã Nghi Phú|85||1|Phường Trung Đô|92
2|Xã Nghi Đức|78||2|Phường Cửa Nam|88
3|Xã Hưng Lộc|80||||
""",
        ),
        tables="""
Xã,Điểm
Xã Nghi Phú,85
Xã Nghi Đức,78
Xã Hưng Lộc,80
---
Phường,Điểm
Phường Trung Đô,92
Phường Cửa Nam,88
""",
        codes="multiple-tables",
    ),
    case(
        "09-an.xlsx",
        Sheet(
            "Công khai",
            "*STT|Tên dự án|Mã|Vốn\n1|Đường tỉnh 539|DA01|1200\n~2|Cầu Kênh Bắc|DA02|800\n3|Kè sông Lam|DA03|1500",
            hidden_columns="C",
        ),
        Sheet("Nháp", "Ghi chép|Số\na|1\nb|2", hidden=True),
        tables="""
Tên dự án,Mã,Vốn
Đường tỉnh 539,DA01,1200
Cầu Kênh Bắc,DA02,800
Kè sông Lam,DA03,1500
""",
        codes="hidden-sheet hidden-rows hidden-columns",
    ),
    case(
        "10-ngay-thang.xlsx",
        Sheet(
            "Thủ tục",
            """
*STT|Mã thủ tục|Ngày ban hành|Ngày hiệu lực|Kỳ báo cáo|Tháng
1|'1.004873|ngày 3 tháng 7 năm 2024|03/07/2024|Quý II/2024|7/2024
2|'2.000815|ngày 15 tháng 8 năm 2024|08/10/2024|Quý III/2024|10/2024
3|'1.001193|ngày 1 tháng 12 năm 2023|01/12/2023|Quý IV/2023|12/2023
""",
        ),
        tables="""
Mã thủ tục,Ngày ban hành,Ngày hiệu lực,Kỳ báo cáo,Tháng
1.004873,2024-07-03,2024-07-03,2024-Q2,2024-07
2.000815,2024-08-15,2024-10-08,2024-Q3,2024-10
1.001193,2023-12-01,2023-12-01,2023-Q4,2023-12
""",
        codes="ambiguous-date",
    ),
    case(
        "11-ngay-doi-cho.xlsx",
        Sheet(
            "GCN",
            """
*STT|Số giấy|Ngày cấp
1|GP-01|d:2024-03-05
2|GP-02|25/03/2024
3|GP-03|d:2024-07-11
4|GP-04|17/08/2024
""",
        ),
        tables="""
Số giấy,Ngày cấp
GP-01,2024-03-05
GP-02,25/03/2024
GP-03,2024-07-11
GP-04,17/08/2024
""",
        codes="ambiguous-date",
        questions="ambiguous-date",
    ),
    case(
        "12-ngay-sai.xlsx",
        Sheet("Cấp phép", "*STT|Tên cơ sở|Ngày cấp\n1|Cơ sở A|28/02/2025\n2|Cơ sở B|31/02/2025\n3|Cơ sở C|15/01/2025"),
        tables="""
Tên cơ sở,Ngày cấp
Cơ sở A,2025-02-28
Cơ sở B,31/02/2025
Cơ sở C,2025-01-15
""",
        codes="invalid-date",
    ),
    case(
        "13-mat-so-khong.xlsx",
        Sheet(
            "DN",
            """
*STT|Tên đơn vị|Mã số thuế|Điện thoại cơ quan|Mã xã
1|UBND xã Nghi Ân|'2900325526|2383851234|17500
2|Công ty CP Bia Lam Hồng|0100109106_100109106|2383844567|0_1234
3|Hợp tác xã Đông Vinh|'2901234567|'02383833111|00900_900
""",
        ),
        tables="""
Tên đơn vị,Mã số thuế,Điện thoại cơ quan,Mã xã
UBND xã Nghi Ân,2900325526,02383851234,17500
Công ty CP Bia Lam Hồng,0100109106,02383844567,01234
Hợp tác xã Đông Vinh,2901234567,02383833111,00900
""",
        codes="lost-leading-zero",
    ),
    case(
        "14-so-kieu-viet.csv",
        text="STT;Địa phương;Sản lượng;Tăng trưởng\n1;Nghi Lộc;1.234.567,5;12,5%\n2;Đô Lương;987.654;7%\n3;Anh Sơn;12.345;-3,2%\n",
        tables="""
Địa phương,Sản lượng,Tăng trưởng (%)
Nghi Lộc,1234567.5,12.5
Đô Lương,987654,7
Anh Sơn,12345,-3.2
""",
        codes="unit-in-cell",
    ),
    case(
        "15-so-mo-ho.csv",
        text="Xã,Số tiền\nXã A,1.234\nXã B,2.500\nXã C,3.125\n",
        tables="""
Xã,Số tiền
Xã A,1.234
Xã B,2.500
Xã C,3.125
""",
        codes="ambiguous-number",
        questions="ambiguous-number",
    ),
    case(
        "16-so-lan-lon.tsv",
        text="Đơn vị\tKinh phí\nPhòng A\t1.234.567,89\nPhòng B\t1,234,567.89\nPhòng C\t500\n",
        tables="""
Đơn vị,Kinh phí
Phòng A,"1.234.567,89"
Phòng B,"1,234,567.89"
Phòng C,500
""",
        codes="mixed-number-format",
        questions="mixed-number-format",
    ),
    case(
        "17-tcvn3.xlsx",
        Sheet(
            "Sheet1",
            """
STT|Tªn ®¬n vÞ|§Þa chØ|Sè hé
1|Tr\u00adêng TiÓu häc Hßa S¬n|X· Hßa S¬n, huyÖn §« L\u00ad¬ng|12
2|Tr¹m Y tÕ x· Thanh Hµ|X· Thanh Hµ, huyÖn Thanh Ch\u00ad¬ng|15
3|Nhµ v¨n hãa ph\u00adêng BÕn Thñy|Ph\u00adêng BÕn Thñy, thµnh phè Vinh|7
Tæng céng|||34
""",
        ),
        tables="""
Tên đơn vị,Địa chỉ,Số hộ
Trường Tiểu học Hòa Sơn,"Xã Hòa Sơn, huyện Đô Lương",12
Trạm Y tế xã Thanh Hà,"Xã Thanh Hà, huyện Thanh Chương",15
Nhà văn hóa phường Bến Thủy,"Phường Bến Thủy, thành phố Vinh",7
""",
        codes="legacy-encoding",
    ),
    case(
        "18-vni.xlsx",
        Sheet(
            "Sheet1",
            """
STT|Teân ñôn vò|Ñòa chæ
1|Tröôøng Tieåu hoïc Hoøa Sôn|Xaõ Hoøa Sôn, huyeän Ñoâ Löông
2|Traïm Y teá xaõ Thanh Haø|Xaõ Thanh Haø, huyeän Thanh Chöông
3|Nhaø vaên hoùa phöôøng Beán Thuûy|Phöôøng Beán Thuûy, thaønh phoá Vinh
""",
        ),
        tables="""
Tên đơn vị,Địa chỉ
Trường Tiểu học Hòa Sơn,"Xã Hòa Sơn, huyện Đô Lương"
Trạm Y tế xã Thanh Hà,"Xã Thanh Hà, huyện Thanh Chương"
Nhà văn hóa phường Bến Thủy,"Phường Bến Thủy, thành phố Vinh"
""",
        codes="legacy-encoding",
    ),
    case(
        "19-tcvn3.csv",
        text="STT,§¬n vÞ,Sè l\u00adîng,Ghi chó\n1,Phßng Tµi chÝnh huyÖn,12,§· kiÓm tra\n2,Phßng Gi¸o dôc vµ §µo t¹o,15,Ch\u00ada kiÓm tra\n3,V¨n phßng UBND,9,§ang xö lý\n",
        encoding="latin-1",
        tables="""
Đơn vị,Số lượng,Ghi chú
Phòng Tài chính huyện,12,Đã kiểm tra
Phòng Giáo dục và Đào tạo,15,Chưa kiểm tra
Văn phòng UBND,9,Đang xử lý
""",
        codes="legacy-encoding",
    ),
    case(
        "20-utf8-hai-lan.csv",
        text="STT,Đơn vị,Địa chỉ\n1,Sở Nội vụ,Đường Trường Thi\n2,Sở Tài chính,Đường Lê Hồng Phong\n3,Thanh tra tỉnh,Đường Minh Khai\n".encode().decode(
            "latin-1"
        ),
        tables="""
Đơn vị,Địa chỉ
Sở Nội vụ,Đường Trường Thi
Sở Tài chính,Đường Lê Hồng Phong
Thanh tra tỉnh,Đường Minh Khai
""",
        codes="legacy-encoding",
    ),
    case(
        "21-nfd.csv",
        text="ma,ten\n1,Qu\u1ef3nh L\u01b0u\n2,Th\u01b0\u0300a Thi\u00ean\n3,Nghe\u0323\u0302 An\n",
        tables="""
ma,ten
1,Quỳnh Lưu
2,Thừa Thiên
3,Nghệ An
""",
        codes="unicode-form",
    ),
    case(
        "22-chu-giong-nhau.xlsx",
        Sheet("Xã", "*STT|Tên xã|Mã\n1|Xã Ðông Hiếu|MТ01\n2|Xã Ðức Sơn|MT02\n3|Xã Đại Đồng|MT03"),
        tables="""
Tên xã,Mã
Xã Đông Hiếu,MT01
Xã Đức Sơn,MT02
Xã Đại Đồng,MT03
""",
        codes="lookalike-letter",
    ),
    case(
        "23-loi-cong-thuc.xlsx",
        Sheet(
            "KQ",
            "*STT|Chỉ tiêu|Kế hoạch|Thực hiện|Tỷ lệ\n1|Trồng rừng|100|95|0.95\n2|Chăm sóc rừng|0|12|!#DIV/0!\n3"
            "|Khoán bảo vệ|250|250|?",
        ),
        tables="""
Chỉ tiêu,Kế hoạch,Thực hiện,Tỷ lệ
Trồng rừng,100,95,0.95
Chăm sóc rừng,0,12,
Khoán bảo vệ,250,250,
""",
        codes="formula-error formula-no-value",
    ),
    case(
        "24-trung-ten-cot.csv",
        text="Tên xã,Số hộ,Số hộ,Ghi chú\nXã A,12,15,tốt\nXã B,7,9,khá,thừa\n",
        tables="""
Tên xã,Số hộ,Số hộ (2),Ghi chú,Cột E
Xã A,12,15,tốt,
Xã B,7,9,khá,thừa
""",
        codes="duplicate-header ragged-rows missing-header",
    ),
    case(
        "25-macro.xlsm",
        Sheet("Giá", "*STT|Mặt hàng|ĐVT|Giá\n1|Gạo tẻ|kg|15000\n2|Thịt lợn|kg|120000"),
        tables="""
Mặt hàng,ĐVT,Giá
Gạo tẻ,kg,15000
Thịt lợn,kg,120000
""",
        codes="macro",
    ),
    case(
        "26-ca-nhan.xlsx",
        Sheet(
            "Danh sách",
            """
*DANH SÁCH NGƯỜI HƯỞNG TRỢ CẤP
*STT|Họ và tên|Ngày sinh|Số CCCD|Số tiền
1|Nguyễn Văn An|15/02/1958|'040058001234|500000
2|Trần Thị Bình|27/11/1960|'040160004321|500000
3|Lê Văn Cường|30/08/1949|40049002345|360000
4|Hoàng Thị Dung|19/05/1955|'038155007788|360000
5|Vi Văn Én|22/09/1951|'040051009911|360000
Tổng cộng||||2080000
""",
            "A1:E1 A8:D8",
        ),
        tables="""
Họ và tên,Ngày sinh,Số CCCD,Số tiền
Nguyễn Văn An,1958-02-15,040058001234,500000
Trần Thị Bình,1960-11-27,040160004321,500000
Lê Văn Cường,1949-08-30,040049002345,360000
Hoàng Thị Dung,1955-05-19,038155007788,360000
Vi Văn Én,1951-09-22,040051009911,360000
""",
        codes="personal-data lost-leading-zero",
    ),
    case(
        "27-mat.xlsx",
        Sheet("BC", "MẬT\n*STT|Nội dung|Số\n1|Kế hoạch|5\n2|Diễn tập|6"),
        refused="secret-marking",
        codes="secret-marking",
    ),
    case(
        "28-khong-co-bang.xlsx",
        Sheet(
            "Công văn",
            "SỞ NỘI VỤ NGHỆ AN\nVề việc cung cấp dữ liệu\nKính gửi: Các đơn vị trực thuộc\nThực hiện Quyết định số 12, đề nghị các đơn vị báo cáo trước ngày 15.",
        ),
        refused="no-table",
        codes="no-table",
    ),
    case(
        "29-o-gop-doc.xlsx",
        Sheet(
            "Tuyến",
            """
*Huyện|Tuyến đường|Chiều dài (km)|Kết cấu
Kỳ Sơn|Mường Xén - Nậm Cắn|24.5|Nhựa
|Mường Xén - Ta Đo|40|Đất
|Huồi Tụ - Keng Đu|55.2|Đất
Tương Dương|Hòa Bình - Nhôn Mai|60|Nhựa
|Hòa Bình - Hữu Khuông|35|Đất
""",
            "A2:A4 A5:A6",
        ),
        tables="""
Huyện,Tuyến đường,Chiều dài (km),Kết cấu
Kỳ Sơn,Mường Xén - Nậm Cắn,24.5,Nhựa
Kỳ Sơn,Mường Xén - Ta Đo,40,Đất
Kỳ Sơn,Huồi Tụ - Keng Đu,55.2,Đất
Tương Dương,Hòa Bình - Nhôn Mai,60,Nhựa
Tương Dương,Hòa Bình - Hữu Khuông,35,Đất
""",
    ),
    case(
        "30-ho-chua.ods",
        Sheet(
            "Hồ chứa",
            """
*THỐNG KÊ HỒ CHỨA NƯỚC
*STT|Tên hồ|Dung tích||Năm xây dựng
||Thiết kế (triệu m3)|Hiện tại (triệu m3)|
*I|Huyện Quỳnh Lưu|||
1|Hồ Vực Mấu|75|60.5|1978
2|Hồ Khe Gỗ|4.2|3|1990
*II|Huyện Yên Thành|||
1|Hồ Vệ Vừng|18.1|15|1981
""",
            "A1:E1 A2:A3 B2:B3 C2:D2 E2:E3",
        ),
        tables="""
Nhóm,Tên hồ,Dung tích - Thiết kế (triệu m3),Dung tích - Hiện tại (triệu m3),Năm xây dựng
Huyện Quỳnh Lưu,Hồ Vực Mấu,75,60.5,1978
Huyện Quỳnh Lưu,Hồ Khe Gỗ,4.2,3,1990
Huyện Yên Thành,Hồ Vệ Vừng,18.1,15,1981
""",
    ),
    case(
        "31-bien-che.xls",
        Sheet(
            "Biên chế",
            """
*BIÊN CHẾ CÔNG CHỨC NĂM 2024
*TT|Đơn vị|Biên chế giao|Hiện có|Ngày giao
1|Văn phòng Sở|25|24|d:2024-01-15
2|Thanh tra Sở|8|'7|d:2024-01-15
3|Chi cục Dân số|15|15|d:2024-02-20
*|Tổng|48|46|
""",
            "A1:E1",
        ),
        tables="""
Đơn vị,Biên chế giao,Hiện có,Ngày giao
Văn phòng Sở,25,24,2024-01-15
Thanh tra Sở,8,7,2024-01-15
Chi cục Dân số,15,15,2024-02-20
""",
    ),
    case(
        "32-nam-lam-cot.xlsx",
        Sheet(
            "CSGD",
            """
*SỐ TRƯỜNG HỌC QUA CÁC NĂM
*Cấp học|Năm học|||
|2021|2022|2023|2024
Mầm non|520|522|525|530
Tiểu học|515|510|508|500
*Tổng số|1035|1032|1033|1030
""",
            "A1:E1 A2:A3 B2:E2",
        ),
        tables="""
Cấp học,Năm học - 2021,Năm học - 2022,Năm học - 2023,Năm học - 2024
Mầm non,520,522,525,530
Tiểu học,515,510,508,500
""",
    ),
    case(
        "33-dong-tieu-de-lap-lai.xlsx",
        Sheet(
            "OCOP",
            """
*DANH SÁCH SẢN PHẨM OCOP
*STT|Tên sản phẩm|Chủ thể|Hạng sao
1|Nước mắm Vạn Phần|Công ty CP Thủy sản Vạn Phần|4
2|Tương Nam Đàn|HTX Tương Sa Nam|3

*STT|Tên sản phẩm|Chủ thể|Hạng sao
3|Cam Vinh|HTX Cam Xã Đoài|4
4|Giò bê Nam Nghĩa|Cơ sở Giò bê Nam Nghĩa|3
""",
            "A1:D1",
        ),
        tables="""
Tên sản phẩm,Chủ thể,Hạng sao
Nước mắm Vạn Phần,Công ty CP Thủy sản Vạn Phần,4
Tương Nam Đàn,HTX Tương Sa Nam,3
Cam Vinh,HTX Cam Xã Đoài,4
Giò bê Nam Nghĩa,Cơ sở Giò bê Nam Nghĩa,3
""",
    ),
    case(
        "34-ti-le-phan-tram.xlsx",
        Sheet("Tiêm", "*STT|Đơn vị|Tỷ lệ tiêm (%)|Hệ số\n1|Xã A|95.5%|1.2\n2|Xã B|88%|0.30000000000000004"),
        tables="""
Đơn vị,Tỷ lệ tiêm (%),Hệ số
Xã A,95.5,1.2
Xã B,88,0.3
""",
    ),
    case(
        "35-don-vi-trong-o.csv",
        text="Tên hồ|Diện tích|Chi phí\nHồ A|25 ha|1,5 tỷ\nHồ B|12,5 ha|500 triệu\nHồ C|7 ha|2 tỷ\n",
        tables="""
Tên hồ,Diện tích (ha),Chi phí
Hồ A,25,"1,5 tỷ"
Hồ B,12.5,500 triệu
Hồ C,7,2 tỷ
""",
        codes="unit-in-cell",
    ),
    case(
        "36-utf16.txt",
        text="Mã\tTên\tSố lượng\n01\tBút bi\t12\n02\tVở\t30\n",
        encoding="utf-16",
        tables="""
Mã,Tên,Số lượng
01,Bút bi,12
02,Vở,30
""",
    ),
    case(
        "37-cp1258.csv",
        text="STT,Tên,Huyện\n1,Trường Tiểu học,Đô Lương\n2,Trạm y tế,Tân Kỳ\n3,Nhà văn hóa,Quế Phong\n",
        encoding="cp1258",
        tables="""
Tên,Huyện
Trường Tiểu học,Đô Lương
Trạm y tế,Tân Kỳ
Nhà văn hóa,Quế Phong
""",
        codes="legacy-encoding",
    ),
    case(
        "38-trong-do.xlsx",
        Sheet(
            "Lao động",
            """
*STT|Chỉ tiêu|Số người
1|Lao động có việc làm|5000
|Trong đó:|
|- Nữ|2300
|- Dân tộc thiểu số|700
2|Lao động thất nghiệp|150
Tổng cộng||5150
""",
        ),
        tables="""
Trong đó,Chỉ tiêu,Số người
,Lao động có việc làm,5000
Lao động có việc làm,- Nữ,2300
Lao động có việc làm,- Dân tộc thiểu số,700
,Lao động thất nghiệp,150
""",
    ),
    case(
        "39-chi-so-con.xlsx",
        Sheet(
            "Trồng trọt",
            """
*Số TT|Chỉ tiêu|Đơn vị tính|Thực hiện
1|Cây lương thực||
1.1|Lúa|ha|180000
1.2|Ngô|ha|40000
2|Cây công nghiệp||
2.1|Mía|ha|22000
2.2|Chè|ha|8000
""",
        ),
        tables="""
Nhóm,Chỉ tiêu,Đơn vị tính,Thực hiện
Cây lương thực,Lúa,ha,180000
Cây lương thực,Ngô,ha,40000
Cây công nghiệp,Mía,ha,22000
Cây công nghiệp,Chè,ha,8000
""",
    ),
    case(
        "40-hai-trang-khac-nhau.xlsx",
        Sheet("Xã", "*STT|Tên xã|Diện tích (km2)\n1|Xã A|12.5\n2|Xã B|9"),
        Sheet("Thôn", "*STT|Tên thôn|Tên xã|Số hộ\n1|Thôn 1|Xã A|120\n2|Thôn 2|Xã A|95"),
        tables="""
Tên xã,Diện tích (km2)
Xã A,12.5
Xã B,9
---
Tên thôn,Tên xã,Số hộ
Thôn 1,Xã A,120
Thôn 2,Xã A,95
""",
    ),
    case(
        "41-bang-da-gon.csv",
        text="ma,ten,so_ho\n01,Xã A,12\n02,Xã B,15\n",
        tables="""
ma,ten,so_ho
01,Xã A,12
02,Xã B,15
""",
    ),
    case(
        "42-dong-trong-nhom-in-dam.xlsx",
        Sheet(
            "Rừng",
            """
*DIỆN TÍCH RỪNG PHÂN THEO CHỦ QUẢN LÝ
||ĐVT: ha
*Đơn vị|Rừng tự nhiên|Rừng trồng
*Khu vực Tây Bắc|350|70
Quế Phong|200|40
Quỳ Châu|150|30

*Khu vực Tây Nam|500|20
Con Cuông|300|15
Anh Sơn|200|5
*TỔNG CỘNG|850|90
""",
            "A1:C1",
        ),
        tables="""
Nhóm,Đơn vị,Rừng tự nhiên (ha),Rừng trồng (ha)
Khu vực Tây Bắc,Quế Phong,200,40
Khu vực Tây Bắc,Quỳ Châu,150,30
Khu vực Tây Nam,Con Cuông,300,15
Khu vực Tây Nam,Anh Sơn,200,5
""",
    ),
    case(
        "43-thu-tuc-hanh-chinh.xlsx",
        Sheet(
            "DM",
            """
STT|Mã TTHC|Tên thủ tục hành chính|Lĩnh vực|Mức độ DVC|Ghi chú
A. CẤP TỈNH|||||
I. Lĩnh vực Đường bộ|||||
1|'1.001046|Chấp thuận thiết kế nút giao|Đường bộ|Toàn trình|
2|'1.001061|Cấp phép thi công|Đường bộ|Một phần|
II. Lĩnh vực Đăng kiểm|||||
3|'1.005005|Cấp giấy chứng nhận|Đăng kiểm|Toàn trình|
B. CẤP HUYỆN|||||
I. Lĩnh vực Đường thủy|||||
4|'2.001659|Xóa đăng ký phương tiện|Đường thủy|Toàn trình|
""",
            "A2:F2 A3:F3 A6:F6 A8:F8 A9:F9",
        ),
        tables="""
Nhóm 1,Nhóm 2,Mã TTHC,Tên thủ tục hành chính,Lĩnh vực,Mức độ DVC,Ghi chú
CẤP TỈNH,Lĩnh vực Đường bộ,1.001046,Chấp thuận thiết kế nút giao,Đường bộ,Toàn trình,
CẤP TỈNH,Lĩnh vực Đường bộ,1.001061,Cấp phép thi công,Đường bộ,Một phần,
CẤP TỈNH,Lĩnh vực Đăng kiểm,1.005005,Cấp giấy chứng nhận,Đăng kiểm,Toàn trình,
CẤP HUYỆN,Lĩnh vực Đường thủy,2.001659,Xóa đăng ký phương tiện,Đường thủy,Toàn trình,
""",
        codes="",
        questions="",
    ),
    case(
        "44-chi-tieu-kinh-te-xa-hoi.xlsx",
        Sheet(
            "KTXH",
            """
*MỘT SỐ CHỈ TIÊU KINH TẾ - XÃ HỘI
*Chỉ tiêu|Đơn vị tính|2021|2022|Ước 2023
*I. KINH TẾ||||
GRDP (giá so sánh)|Tỷ đồng|'95.000|'103.500|'110.800
Tốc độ tăng trưởng|%|6,2|9,08|7,14
Thu ngân sách|Tỷ đồng|'19.500|'22.400|'17.600
*II. XÃ HỘI||||
Tỷ lệ hộ nghèo|%|7,4|6,41|5,2
Trong đó: miền núi|%|15|12,6|10,1
Giải quyết việc làm|Người|'42.000|'45.600|'46.900
""",
            "",
        ),
        tables="""
Nhóm,Trong đó,Chỉ tiêu,Đơn vị tính,2021,2022,Ước 2023
KINH TẾ,,GRDP (giá so sánh),Tỷ đồng,95000,103500,110800
KINH TẾ,,Tốc độ tăng trưởng,%,6.2,9.08,7.14
KINH TẾ,,Thu ngân sách,Tỷ đồng,19500,22400,17600
XÃ HỘI,,Tỷ lệ hộ nghèo,%,7.4,6.41,5.2
XÃ HỘI,Tỷ lệ hộ nghèo,Trong đó: miền núi,%,15,12.6,10.1
XÃ HỘI,,Giải quyết việc làm,Người,42000,45600,46900
""",
        codes="",
        questions="",
    ),
    case(
        "45-hai-bang-sat-nhau.xlsx",
        Sheet(
            "S1",
            """
*Bảng 1: Dân số
*Năm|Tổng|Nam|Nữ
2020|3340|1670|1670
2021|3365|1683|1682
*Bảng 2: Lao động
*Năm|Lao động|Có việc làm
2020|1900|1870
2021|1950|1910
""",
            "",
        ),
        tables="""
Năm,Tổng,Nam,Nữ
2020,3340,1670,1670
2021,3365,1683,1682
---
Năm,Lao động,Có việc làm
2020,1900,1870
2021,1950,1910
""",
        codes="multiple-tables",
        questions="",
    ),
    case(
        "46-thiet-hai-bao.xlsx",
        Sheet(
            "Sheet1",
            """
*TỔNG HỢP THIỆT HẠI DO BÃO SỐ 3
*(Tính đến 17h ngày 10/9/2024)
*TT|Loại thiệt hại|Mã|ĐVT|Tổng số|Chia theo địa phương|||
|||||Vinh|Nghi Lộc|Diễn Châu|
*1|NGƯỜI||||||
1.1|Số người chết|NG01|người|0|0|0|0
1.2|Số người bị thương|NG02|người|3|1|2|0
*2|NHÀ Ở||||||
2.1|Nhà tốc mái|NH01|cái|25|5|12|8
2.2|Nhà ngập nước|NH02|lượt|140|40|70|30
""",
            "A1:H1 A2:H2 A3:A4 B3:B4 C3:C4 D3:D4 E3:E4 F3:H3",
        ),
        tables="""
Nhóm,Loại thiệt hại,Mã,ĐVT,Tổng số,Chia theo địa phương - Vinh,Chia theo địa phương - Nghi Lộc,Chia theo địa phương - Diễn Châu
NGƯỜI,Số người chết,NG01,người,0,0,0,0
NGƯỜI,Số người bị thương,NG02,người,3,1,2,0
NHÀ Ở,Nhà tốc mái,NH01,cái,25,5,12,8
NHÀ Ở,Nhà ngập nước,NH02,lượt,140,40,70,30
""",
        codes="",
        questions="",
    ),
    case(
        "47-ho-tich.xlsx",
        Sheet(
            "Biểu 02-TKDS",
            """
Biểu số: 02/TKDS|||Đơn vị báo cáo: Sở Tư pháp
Ban hành theo TT số 03/2019/TT-BTP|||Đơn vị nhận báo cáo: Bộ Tư pháp
*KẾT QUẢ ĐĂNG KÝ KHAI SINH, KHAI TỬ, KẾT HÔN
*(6 tháng đầu năm 2024)
|||||Đơn vị tính: Trường hợp

*|Đăng ký khai sinh|||Đăng ký khai tử|Kết hôn
*|Tổng số|Chia theo giới tính||| 
*||Nam|Nữ||
*A|1|2|3|4|5
*Tổng số trên địa bàn tỉnh|1200|620|580|300|410
1. Thành phố Vinh|700|360|340|180|250
2. Thị xã Cửa Lò|300|160|140|70|90
3. Huyện Hưng Nguyên|200|100|100|50|70
Nghệ An, ngày 05 tháng 7 năm 2024
Người lập biểu|||||GIÁM ĐỐC
""",
            "B7:D7 A7:A9 B8:B9 C8:D8 E7:E9 F7:F9",
        ),
        tables="""
Cột A,Đăng ký khai sinh - Tổng số (Trường hợp),Đăng ký khai sinh - Chia theo giới tính - Nam,Đăng ký khai sinh - Chia theo giới tính - Nữ (Trường hợp),Đăng ký khai tử (Trường hợp),Kết hôn (Trường hợp)
1. Thành phố Vinh,700,360,340,180,250
2. Thị xã Cửa Lò,300,160,140,70,90
3. Huyện Hưng Nguyên,200,100,100,50,70
""",
        codes="missing-header",
        questions="",
    ),
    case(
        "48-thuy-san.xls",
        Sheet(
            "Thủy sản",
            """
CỤC THỐNG KÊ TỈNH NGHỆ AN
*SẢN LƯỢNG THỦY SẢN
|||Tấn
||2020|2021|2022
*TỔNG SỐ||100|110|121
*I. Khai thác||60|65|70
Cá biển||50|54|58
Tôm||10|11|12
*II. Nuôi trồng||40|45|51
Cá nước ngọt||30|33|36
Tôm||10|12|15
""",
            "",
        ),
        tables="""
Nhóm,Cột A,2020 (Tấn),2021 (Tấn),2022 (Tấn)
Khai thác,Cá biển,50,54,58
Khai thác,Tôm,10,11,12
Nuôi trồng,Cá nước ngọt,30,33,36
Nuôi trồng,Tôm,10,12,15
""",
        codes="missing-header",
        questions="",
    ),
    case(
        "49-su-dung-dat.xlsx",
        Sheet(
            "QH",
            """
*BẢNG TỔNG HỢP QUY HOẠCH SỬ DỤNG ĐẤT
*Thứ tự|Chỉ tiêu sử dụng đất|Mã|Hiện trạng 2020||Quy hoạch 2030|
|||Diện tích (ha)|Cơ cấu (%)|Diện tích (ha)|Cơ cấu (%)
*|TỔNG DIỆN TÍCH||1000|100|1000|100
*1|Đất nông nghiệp|NNP|700|70|600|60
1.1|Đất trồng lúa|LUA|400|40|300|30
|Trong đó: Đất chuyên trồng lúa nước|LUC|350|35|280|28
1.2|Đất rừng sản xuất|RSX|300|30|300|30
*2|Đất phi nông nghiệp|PNN|300|30|400|40
2.1|Đất ở|OTC|200|20|260|26
2.2|Đất giao thông|DGT|100|10|140|14
""",
            "A1:G1 A2:A3 B2:B3 C2:C3 D2:E2 F2:G2",
        ),
        tables="""
Nhóm,Trong đó,Chỉ tiêu sử dụng đất,Mã,Hiện trạng 2020 - Diện tích (ha),Hiện trạng 2020 - Cơ cấu (%),Quy hoạch 2030 - Diện tích (ha),Quy hoạch 2030 - Cơ cấu (%)
Đất nông nghiệp,,Đất trồng lúa,LUA,400,40,300,30
Đất nông nghiệp,Đất trồng lúa,Trong đó: Đất chuyên trồng lúa nước,LUC,350,35,280,28
Đất nông nghiệp,,Đất rừng sản xuất,RSX,300,30,300,30
Đất phi nông nghiệp,,Đất ở,OTC,200,20,260,26
Đất phi nông nghiệp,,Đất giao thông,DGT,100,10,140,14
""",
        codes="",
        questions="",
    ),
    case(
        "50-di-tich.xlsx",
        Sheet(
            "Sheet1",
            """
|SỞ VĂN HÓA VÀ THỂ THAO||||
||||
||*DANH MỤC DI TÍCH ĐÃ XẾP HẠNG|||
||(đến 31/12/2023)||||

|STT|Tên di tích|Loại hình|Xếp hạng|Số QĐ, ngày tháng năm
|I|THÀNH PHỐ VINH|||
|1|Đền Hồng Sơn|LSVH|Quốc gia|65/QĐ-BT ngày 16/01/1995
|2|Nhà thờ họ Hoàng|LS|Tỉnh|1234/QĐ-UBND ngày 05/6/2010
|II|HUYỆN NAM ĐÀN|||
|1|Khu di tích Kim Liên|LS|Quốc gia đặc biệt|1419/QĐ-TTg ngày 27/9/2012
|2|Đình Hoành Sơn|KTNT|Quốc gia đặc biệt|2082/QĐ-TTg ngày 25/12/2017

|Tổng số: 04 di tích||||
""",
            "",
        ),
        tables="""
Nhóm,Tên di tích,Loại hình,Xếp hạng,"Số QĐ, ngày tháng năm"
THÀNH PHỐ VINH,Đền Hồng Sơn,LSVH,Quốc gia,65/QĐ-BT ngày 16/01/1995
THÀNH PHỐ VINH,Nhà thờ họ Hoàng,LS,Tỉnh,1234/QĐ-UBND ngày 05/6/2010
HUYỆN NAM ĐÀN,Khu di tích Kim Liên,LS,Quốc gia đặc biệt,1419/QĐ-TTg ngày 27/9/2012
HUYỆN NAM ĐÀN,Đình Hoành Sơn,KTNT,Quốc gia đặc biệt,2082/QĐ-TTg ngày 25/12/2017
""",
        codes="",
        questions="",
    ),
    case(
        "51-ke-hoach-kiem-tra.xlsx",
        Sheet(
            "KH",
            """
*KẾ HOẠCH KIỂM TRA NĂM 2025
STT|Nội dung kiểm tra|Đơn vị được kiểm tra|Thời gian|Đơn vị chủ trì|Ghi chú
1|Công tác CCHC|Sở Xây dựng|Quý I/2025|Sở Nội vụ|
||Sở Công Thương|Quý I/2025|Sở Nội vụ|
||UBND huyện Đô Lương|Quý II/2025|Sở Nội vụ|
2|Phòng cháy chữa cháy|Chợ Vinh|Quý III/2025|Công an tỉnh|Đột xuất
||Siêu thị Go|Quý III/2025|Công an tỉnh|
""",
            "A3:A5 B3:B5 A6:A7 B6:B7",
        ),
        tables="""
Nội dung kiểm tra,Đơn vị được kiểm tra,Thời gian,Đơn vị chủ trì,Ghi chú
Công tác CCHC,Sở Xây dựng,2025-Q1,Sở Nội vụ,
Công tác CCHC,Sở Công Thương,2025-Q1,Sở Nội vụ,
Công tác CCHC,UBND huyện Đô Lương,2025-Q2,Sở Nội vụ,
Phòng cháy chữa cháy,Chợ Vinh,2025-Q3,Công an tỉnh,Đột xuất
Phòng cháy chữa cháy,Siêu thị Go,2025-Q3,Công an tỉnh,
""",
        codes="",
        questions="",
    ),
    case(
        "52-tiem-chung.xlsx",
        Sheet(
            "KQ",
            """
BỘ Y TẾ
*BÁO CÁO TIÊM CHỦNG THÁNG 6/2024
*Số TT|Tên huyện,\\nthành phố|Số trẻ < 1 tuổi|BCG||Viêm gan B sơ sinh|
|||SL|Tỷ lệ %|SL|Tỷ lệ %
1|TP Vinh|1200|1100|91,67|1150|95.83
2|Nghi Lộc|800|720|90|700|87.5
3|Đô Lương|750|700|93,33|690|92
|Toàn tỉnh|2750|2520|91,64|2540|92.36
Người báo cáo|||||Thủ trưởng đơn vị|
""",
            "A2:G2 A3:A4 B3:B4 C3:C4 D3:E3 F3:G3",
        ),
        tables="""
"Tên huyện, thành phố",Số trẻ < 1 tuổi,BCG - SL,BCG - Tỷ lệ %,Viêm gan B sơ sinh - SL,Viêm gan B sơ sinh - Tỷ lệ %
TP Vinh,1200,1100,91.67,1150,95.83
Nghi Lộc,800,720,90,700,87.5
Đô Lương,750,700,93.33,690,92
""",
        codes="",
        questions="",
    ),
]


def make() -> None:
    """Write every file of the corpus with its truth."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in CASES:
        path = FOLDER / each.name
        write(each, path)
        for number, table in enumerate(each.tables, 1):
            (FOLDER / f"{each.name}.{number}.csv").write_text(table, "utf-8")
        truth = {
            "codes": sorted(each.codes),
            "questions": sorted(each.questions),
            "refused": each.refused,
            "tables": len(each.tables),
        }
        (FOLDER / f"{each.name}.json").write_text(json.dumps(truth, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    make()
