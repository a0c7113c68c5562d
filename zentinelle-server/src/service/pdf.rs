//! A report as a PDF document: a heading, a table over as many pages as it takes, page numbers.
//!
//! It uses the fonts that every reader of PDF has, so none is embedded and none has to be kept
//! here. What those fonts lack, such as other scripts, is shown as `?`, and the document says so.

mod text;

use std::cell::Cell;

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use self::text::{encoded, width, wrapped};

/// A page of A4, turned. Unit: points, as everywhere here.
const PAGE: (f32, f32) = (842.0, 595.0);
const MARGIN: f32 = 40.0;
const TITLE: f32 = 16.0;
const SIZE: f32 = 7.5;
const LEADING: f32 = 9.5;
/// Between the edge of a cell and its text.
const PADDING: f32 = 3.0;
/// The narrowest column.
const NARROWEST: f32 = 34.0;
/// The most lines of one cell; what is longer is cut.
const MOST_LINES: usize = 30;
const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// What a document holds.
#[derive(Debug)]
pub(crate) struct Document<'d> {
    /// What it is about.
    pub(crate) title: &'d str,
    /// Lines below the title.
    pub(crate) about: Vec<String>,
    /// The headings of the columns.
    pub(crate) headings: &'d [&'d str],
    /// The rows, each with a cell for every heading.
    pub(crate) rows: &'d [Vec<String>],
}

/// A row as it is drawn: the lines of each cell.
type Drawn = Vec<Vec<Vec<u8>>>;

/// The document as a file.
pub(crate) fn render(document: &Document<'_>) -> Vec<u8> {
    let lacking = Cell::new(false);
    let cell = |text: &str| {
        let (bytes, missing) = encoded(text);
        lacking.set(lacking.get() | missing);
        bytes
    };
    let headings: Vec<Vec<u8>> = document.headings.iter().map(|heading| cell(&heading.replace('_', " "))).collect();
    let rows: Vec<Vec<Vec<u8>>> = document.rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    let title = cell(document.title);
    let mut about: Vec<Vec<u8>> = document.about.iter().map(|line| cell(line)).collect();
    if lacking.get() {
        about.push(cell("characters that are shown as ? are complete in the csv and ndjson of this report"));
    }
    let columns = columns(&headings, &rows);
    let drawn = |cells: &[Vec<u8>], bold: bool| -> Drawn {
        let room = |column: &f32| column - 2.0 * PADDING;
        let lines = cells.iter().zip(&columns).map(|(cell, column)| {
            let mut lines = wrapped(cell, room(column), SIZE, bold);
            if lines.len() > MOST_LINES {
                lines.truncate(MOST_LINES);
                lines.push(vec![0x85]); // an ellipsis
            }
            lines
        });
        lines.collect()
    };
    let head = drawn(&headings, true);
    let rows: Vec<Drawn> = rows.iter().map(|row| drawn(row, false)).collect();
    let pages = paged(&rows, height(&head), about.len());
    let mut writer = Writer::new(document.title, pages.len());
    for (number, rows) in pages.iter().enumerate() {
        let mut page = Page { content: Content::new(), y: PAGE.1 - MARGIN };
        if number == 0 {
            page.heading(&title, &about);
        }
        page.row(&head, &columns, true);
        rows.iter().for_each(|row| page.row(row, &columns, false));
        let count = format!("{} / {}", number + 1, pages.len());
        page.foot(&title, count.as_bytes());
        writer.page(number, &page.content.finish());
    }
    writer.pdf.finish()
}

/// How wide each column is: as its longest text wants it, as far as there is room.
fn columns(headings: &[Vec<u8>], rows: &[Vec<Vec<u8>>]) -> Vec<f32> {
    let room = PAGE.0 - 2.0 * MARGIN;
    let wanted = |(at, heading): (usize, &Vec<u8>)| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell, SIZE, false));
        cells.fold(width(heading, SIZE, true), f32::max) + 2.0 * PADDING
    };
    let mut wanted: Vec<f32> = headings.iter().enumerate().map(wanted).map(|width| width.max(NARROWEST)).collect();
    let sum: f32 = wanted.iter().sum();
    if sum <= room {
        let share = (room - sum) / wanted.len().max(1) as f32;
        wanted.iter_mut().for_each(|width| *width += share);
        return wanted;
    }
    // Narrow columns keep what they want; the others share the rest alike.
    let (mut left, mut open) = (room, wanted.len());
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted.get(*a).partial_cmp(&wanted.get(*b)).unwrap_or(std::cmp::Ordering::Equal));
    for at in order {
        let Some(width) = wanted.get_mut(at) else { continue };
        *width = width.min(left / open.max(1) as f32);
        left -= *width;
        open -= 1;
    }
    wanted
}

/// How high a row is.
fn height(row: &Drawn) -> f32 {
    row.iter().map(Vec::len).max().unwrap_or(1).max(1) as f32 * LEADING + 2.0 * PADDING
}

/// The rows of each page; one page at least.
fn paged(rows: &[Drawn], head: f32, about: usize) -> Vec<&[Drawn]> {
    let room = PAGE.1 - 2.0 * MARGIN - head - LEADING;
    let (mut pages, mut begin) = (Vec::new(), 0);
    let mut left = room - TITLE - (about + 2) as f32 * LEADING;
    for (at, row) in rows.iter().enumerate() {
        let high = height(row);
        if high > left && at > begin {
            pages.extend(rows.get(begin..at));
            (begin, left) = (at, room);
        }
        left -= high;
    }
    pages.extend(rows.get(begin..));
    pages
}

/// A page that is being drawn, from the top down.
struct Page {
    content: Content,
    y: f32,
}

impl Page {
    fn text(&mut self, font: Name<'_>, size: f32, x: f32, y: f32, text: &[u8]) {
        self.content.begin_text().set_font(font, size).next_line(x, y).show(Str(text)).end_text();
    }

    fn heading(&mut self, title: &[u8], about: &[Vec<u8>]) {
        self.y -= TITLE;
        self.text(BOLD, TITLE, MARGIN, self.y, title);
        for line in about {
            self.y -= LEADING;
            self.text(PLAIN, SIZE, MARGIN, self.y - 2.0, line);
        }
        self.y -= 2.0 * LEADING;
    }

    fn row(&mut self, row: &Drawn, columns: &[f32], head: bool) {
        let high = height(row);
        let (left, right) = (MARGIN, MARGIN + columns.iter().sum::<f32>());
        if head {
            self.content.save_state().set_fill_gray(0.9).rect(left, self.y - high, right - left, high);
            self.content.fill_nonzero().restore_state();
        }
        let mut x = left;
        for (lines, column) in row.iter().zip(columns) {
            for (at, line) in lines.iter().enumerate() {
                let y = self.y - PADDING - (at + 1) as f32 * LEADING + 2.0;
                self.text(if head { BOLD } else { PLAIN }, SIZE, x + PADDING, y, line);
            }
            x += column;
        }
        self.y -= high;
        self.content.save_state().set_stroke_gray(0.75).set_line_width(0.5);
        self.content.move_to(left, self.y).line_to(right, self.y).stroke().restore_state();
    }

    fn foot(&mut self, title: &[u8], count: &[u8]) {
        let y = MARGIN - 2.0 * LEADING;
        self.text(PLAIN, SIZE, MARGIN, y, title);
        self.text(PLAIN, SIZE, PAGE.0 - MARGIN - width(count, SIZE, false), y, count);
    }
}

/// The file: catalog, page tree and fonts, then two objects a page.
struct Writer {
    pdf: Pdf,
}

const CATALOG: Ref = Ref::new(1);
const TREE: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
const FONTS: [(Name<'static>, Ref, &[u8]); 2] =
    [(PLAIN, Ref::new(4), b"Helvetica"), (BOLD, Ref::new(5), b"Helvetica-Bold")];

fn page_ref(number: usize) -> Ref {
    Ref::new(6 + 2 * i32::try_from(number).unwrap_or_default())
}

impl Writer {
    fn new(title: &str, pages: usize) -> Self {
        let mut pdf = Pdf::new();
        pdf.catalog(CATALOG).pages(TREE);
        pdf.pages(TREE).kids((0..pages).map(page_ref)).count(i32::try_from(pages).unwrap_or(i32::MAX));
        pdf.document_info(INFO).title(TextStr(title)).producer(TextStr("Zentinelle"));
        for (_, id, base) in FONTS {
            pdf.type1_font(id).base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        Self { pdf }
    }

    fn page(&mut self, number: usize, content: &[u8]) {
        let id = page_ref(number);
        let drawing = Ref::new(id.get() + 1);
        let mut page = self.pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(TREE).contents(drawing);
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        for (name, id, _) in FONTS {
            fonts.pair(name, id);
        }
        fonts.finish();
        resources.finish();
        page.finish();
        self.pdf.stream(drawing, content);
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, PAGE, columns, encoded, render};

    fn document<'d>(headings: &'d [&'d str], rows: &'d [Vec<String>]) -> Document<'d> {
        Document { title: "Audit trail", about: vec!["Acme".to_owned()], headings, rows }
    }

    #[test]
    fn a_long_table_goes_on_over_numbered_pages_and_no_row_is_lost() {
        let rows: Vec<Vec<String>> = (0..200).map(|n| vec![format!("row-{n}-"), "x ".repeat(n)]).collect();
        let file = render(&document(&["name", "text"], &rows));
        let text = String::from_utf8_lossy(&file);
        assert!(text.starts_with("%PDF-1.") && text.trim_end().ends_with("%%EOF"));
        let pages = text.matches("/Type /Page\n").count();
        assert!(pages > 3 && text.contains(&format!("({pages} / {pages})")), "{pages} pages");
        for n in 0..200 {
            assert_eq!(text.matches(&format!("(row-{n}-)")).count(), 1, "row {n}");
        }
    }

    #[test]
    fn an_empty_table_is_one_page_and_hostile_text_stays_text() {
        assert!(String::from_utf8_lossy(&render(&document(&["a"], &[]))).contains("(1 / 1)"));
        let rows = [vec![") Tj ET endstream (\\".to_owned()]];
        let file = render(&document(&["a"], &rows));
        let text = String::from_utf8_lossy(&file);
        assert_eq!(text.matches("endstream").count() - 1, 1, "the word in the cell is escaped into its text: {text}");
        let rows = [vec!["日本".to_owned()]];
        let file = render(&document(&["a"], &rows));
        assert!(String::from_utf8_lossy(&file).contains("shown as ?"));
    }

    #[test]
    fn wide_columns_share_the_room_that_narrow_ones_leave() {
        let cells = |texts: [&str; 3]| texts.map(|text| encoded(text).0).to_vec();
        let long = "w".repeat(400);
        let widths = columns(&cells(["a", "b", "c"]), &[cells(["1", &long, &long])]);
        assert!((widths.iter().sum::<f32>() - (PAGE.0 - 80.0)).abs() < 0.1, "{widths:?}");
        assert!(widths[0] < 40.0 && (widths[1] - widths[2]).abs() < 0.1, "{widths:?}");
    }
}
