//! Aligned text tables.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

/// Renders columns two spaces apart, each as wide as its widest cell, the header in front.
pub(crate) fn render<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::render;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["shop.example", "yes"], ["a.example", "no: nothing listens"]]
            .map(|row| row.map(str::to_owned));
        expect![[r#"
            HOST          SERVED
            shop.example  yes
            a.example     no: nothing listens"#]]
        .assert_eq(&render(["HOST", "SERVED"], &rows));
    }

    #[test]
    fn a_table_without_rows_is_its_header() {
        assert_eq!(render(["HOST", "SERVED"], &[]), "HOST  SERVED");
    }
}
