//! The committed page with the receipts table's statements is what the code runs. `UPDATE_EXPECT=1` writes it.

use std::fmt::Write as _;

use expect_test::expect_file;
use synapsor_protocol::Engine;
use synapsor_writeback::receipts_table_ddl;

#[test]
fn the_page_of_the_receipts_table_is_what_the_code_runs() {
    let mut page = "# The receipts table\n\nGenerated from the code; a test compares.\n\n\
        An apply writes its receipt into the source, in the transaction that changes the row; why is in\n\
        [decision 2](../decisions/0002-apply-is-one-transaction.md). Where the write credential may create tables, the first\n\
        apply makes this one in its default schema. Otherwise an administrator makes it once; then the credential needs\n\
        only SELECT and INSERT on it.\n"
        .to_owned();
    for (name, engine) in
        [("PostgreSQL", Engine::Postgres), ("MySQL and MariaDB", Engine::Mysql), ("SQLite", Engine::Sqlite)]
    {
        let _ = write!(page, "\n## {name}\n\n```sql\n{};\n```\n", receipts_table_ddl(engine));
    }
    expect_file!["../../../../docs/reference/receipts-table.md"].assert_eq(&page);
}
