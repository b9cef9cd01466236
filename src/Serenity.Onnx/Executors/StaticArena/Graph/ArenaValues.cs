namespace Serenity.Onnx.Executors.StaticArena.Graph;

/// <summary>The values of a graph as they are found, and the tensors of its memory graph that they fill.</summary>
internal sealed class ArenaValues
{
    private readonly Dictionary<string, ArenaValue> _values = new(StringComparer.Ordinal);
    private readonly List<(long Bytes, string? Name)> _tensors = [];

    /// <summary>All values found so far, by name.</summary>
    public IReadOnlyDictionary<string, ArenaValue> ByName => _values;

    /// <summary>How many tensors there are.</summary>
    public int TensorCount => _tensors.Count;

    /// <summary>For each tensor the value that it was made for; null for a token.</summary>
    public string?[] TensorNames => [.. _tensors.Select(t => t.Name)];

    /// <summary>A value, or null before it is found.</summary>
    public ArenaValue? Find(string name) => _values.GetValueOrDefault(name);

    /// <summary>Bytes of a tensor.</summary>
    public long BytesOf(int tensor) => _tensors[tensor].Bytes;

    /// <summary>True for a value that takes nothing of the arena.</summary>
    public bool IsOutside(string name) => Find(name) is not { Kind: not ArenaValueKind.Outside };

    /// <summary>The one tensor that a value fills; -1 if it lies outside the arena or in several.</summary>
    public int WholeTensor(string name, long bytes) => Find(name) is { Tensors: [int tensor] } && BytesOf(tensor) == bytes ? tensor : -1;

    /// <summary>Adds a value.</summary>
    public void Add(ArenaValue value) => _values[value.Name] = value;

    /// <summary>Adds a value with a tensor of its own.</summary>
    public ArenaValue AddBuffer(string name, long bytes)
    {
        ArenaValue value = new(name, bytes, ArenaValueKind.Buffer, [NewTensor(name, bytes)], -1, null, null, true);
        Add(value);
        return value;
    }

    /// <summary>Adds a value that takes nothing of the arena.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="token">The token that says it is there; -1 if it always is.</param>
    public void AddOutside(string name, int token) => Add(new ArenaValue(name, 0, ArenaValueKind.Outside, [], token, null, null, false));

    /// <summary>A tensor without bytes, by which readers wait for what only renames or gathers.</summary>
    public int AddToken() => NewTensor(null, 0);

    private int NewTensor(string? name, long bytes)
    {
        _tensors.Add((bytes, name));
        return _tensors.Count - 1;
    }
}
