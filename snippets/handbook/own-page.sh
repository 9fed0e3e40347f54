cat > docs/how-to/read-visibility.md <<'END'
# Read who may see a project

Use this page before you write something into a project that not everybody may read.

{{ example("project/read_visibility") }}

## Where to go next

- [Read a project](read-a-project.md)
END
