namespace Serenity.Onnx.Executors.StaticArena.Graph;

/// <summary>
/// Keeps book of what has to lie at a fixed distance from what: a union of groups, each with an offset per member. A distance that
/// goes against another, or that would lay two things that are live at once over each other, is refused as a whole.
/// </summary>
internal sealed class RigidTensors
{
    private readonly Func<int, long> _bytes;
    private readonly Func<int, int, bool> _liveTogether;
    private readonly Dictionary<int, List<(int Member, long Offset)>> _groups = [];
    private readonly Dictionary<int, int> _groupOf = [];

    /// <param name="bytes">Size of a member.</param>
    /// <param name="liveTogether">True if two members are ever live at the same step.</param>
    public RigidTensors(Func<int, long> bytes, Func<int, int, bool> liveTogether)
    {
        _bytes = bytes;
        _liveTogether = liveTogether;
    }

    /// <summary>Ties members to each other, each directly behind the one before. All or nothing.</summary>
    public bool TryChain(IReadOnlyList<int> members)
    {
        if (members.Distinct().Count() != members.Count)
            return false;
        // The whole chain as one group, in the coordinates of its first member.
        Dictionary<int, long> merged = [];
        HashSet<int> groups = [];
        long at = 0;
        foreach (int member in members)
        {
            if (!Place(member, at))
                return false;
            if (_groupOf.TryGetValue(member, out int group) && groups.Add(group))
            {
                long shift = at - _groups[group].First(m => m.Member == member).Offset;
                foreach ((int other, long offset) in _groups[group])
                {
                    if (!Place(other, offset + shift))
                        return false;
                }
            }
            at = checked(at + _bytes(member));
        }
        (int Member, long Offset)[] all = [.. merged.Select(m => (m.Key, m.Value)).OrderBy(m => m.Value).ThenBy(m => m.Key)];
        for (int i = 0; i < all.Length; i++)
        {
            for (int j = i + 1; j < all.Length && all[j].Offset < all[i].Offset + _bytes(all[i].Member); j++)
            {
                if (_bytes(all[j].Member) > 0 && _liveTogether(all[i].Member, all[j].Member))
                    return false;
            }
        }
        foreach (int group in groups)
            _groups.Remove(group);
        int id = members[0];
        _groups[id] = [.. all];
        foreach ((int member, _) in all)
            _groupOf[member] = id;
        return true;

        bool Place(int member, long offset) => merged.TryAdd(member, offset) || merged[member] == offset;
    }

    /// <summary>All distances, as member, first member of its group, and bytes between them; in a fixed order.</summary>
    public IEnumerable<(int Member, int Anchor, long Distance)> Links()
    {
        foreach ((_, List<(int Member, long Offset)> group) in _groups.OrderBy(g => g.Key))
        {
            foreach ((int member, long offset) in group.Skip(1))
                yield return (member, group[0].Member, offset - group[0].Offset);
        }
    }
}
