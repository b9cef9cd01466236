namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>What a region that is being grown wants of each value of the graph: a part along some axis, or the whole. One for all regions of a graph, since most come to nothing.</summary>
/// <param name="values">Number of values.</param>
internal sealed class RegionValueMarks(int values)
{
    // What was written for an earlier region counts as not written.
    private readonly int[] _axis = new int[values], _cutIn = new int[values], _wholeIn = new int[values];
    private int _region;

    /// <summary>Begins with another region.</summary>
    public RegionValueMarks Begin()
    {
        _region++;
        return this;
    }

    /// <summary>The axis along which a value is cut; -1 where it is not.</summary>
    public int AxisOf(int value) => _cutIn[value] == _region ? _axis[value] : -1;

    /// <summary>True for a value that is read as a whole.</summary>
    public bool IsWhole(int value) => _wholeIn[value] == _region;

    /// <summary>A value is cut along an axis.</summary>
    public void Cut(int value, int axis) => (_axis[value], _cutIn[value]) = (axis, _region);

    /// <summary>A value is read as a whole.</summary>
    public void ReadWhole(int value) => _wholeIn[value] = _region;
}
