using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Rolling;

/// <summary>
/// How the rows of one value are cut into atoms: runs of rows that are made together and read together. Readers say where they begin and end to read, so that each of them reads whole
/// atoms and nothing has to be copied out of one.
/// </summary>
/// <param name="extent">Rows of the value.</param>
internal sealed class RowCuts(long extent)
{
    private readonly bool[] _begins = new bool[extent + 1], _needed = new bool[extent];
    private readonly int[] _at = new int[extent];
    private Interval[] _atoms = [];

    /// <summary>The atoms, in order; rows that nobody needs are in none.</summary>
    public ReadOnlySpan<Interval> Atoms => _atoms;

    /// <summary>Somebody reads these rows.</summary>
    public void Need(Interval rows)
    {
        _begins[rows.Start] = _begins[rows.End] = true;
        Array.Fill(_needed, true, (int)rows.Start, (int)rows.Length);
    }

    /// <summary>Somebody reads all rows, where they lie.</summary>
    public void NeedAll() => Array.Fill(_needed, true);

    /// <summary>No atom holds more rows than this, or crosses a multiple of it.</summary>
    public void CutEvery(long rows)
    {
        for (long row = 0; row < extent; row += rows)
            _begins[row] = true;
    }

    /// <summary>Settles the atoms.</summary>
    /// <param name="allows">False for rows that cannot be made by themselves; these are made with their neighbours.</param>
    /// <returns>False where some cannot be made at all.</returns>
    public bool Close(Func<Interval, bool>? allows)
    {
        List<Interval> atoms = [];
        bool open = false;
        for (long row = 0; row < extent; row++)
        {
            if (!_needed[row])
            {
                if (open)
                    return false;
                continue;
            }
            // Rows that cannot be made alone stay open for those behind them.
            if (atoms.Count > 0 && atoms[^1].End == row && (open || !_begins[row]))
                atoms[^1] = atoms[^1] with { End = row + 1 };
            else
                atoms.Add(new Interval(row, row + 1));
            bool ends = row + 1 == extent || _begins[row + 1] || !_needed[row + 1];
            open = ends && allows?.Invoke(atoms[^1]) == false;
        }
        while (open && atoms.Count > 1 && atoms[^2].End == atoms[^1].Start)
        {
            atoms[^2] = new Interval(atoms[^2].Start, atoms[^1].End);
            atoms.RemoveAt(atoms.Count - 1);
            open = allows!(atoms[^1]) == false;
        }
        if (open)
            return false;
        _atoms = [.. atoms];
        Array.Fill(_at, -1);
        for (int a = 0; a < _atoms.Length; a++)
            Array.Fill(_at, a, (int)_atoms[a].Start, (int)_atoms[a].Length);
        return true;
    }

    /// <summary>The atoms that hold just these rows; false where some atom holds others too.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="from">The first of the atoms.</param>
    /// <param name="to">One past the last.</param>
    public bool TryCover(Interval rows, out int from, out int to)
    {
        from = _at[rows.Start];
        to = _at[rows.End - 1] + 1;
        return from >= 0 && to > from && _atoms[from].Start == rows.Start && _atoms[to - 1].End == rows.End;
    }
}
