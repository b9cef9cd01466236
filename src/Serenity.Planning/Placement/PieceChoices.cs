namespace Serenity.Planning.Placement;

/// <summary>Which pieces may be placed next on the floor of a dip.</summary>
internal sealed class PieceChoices(SectionModel model, PackingState state, ArenaTechniques techniques, long capacity)
{
    /// <summary>True if a piece may be placed next on the floor of the dip [from, to).</summary>
    public bool IsChoice(int piece, int from, int to, long floor)
    {
        if (state.IsPlaced[piece] || state.FixedAt[piece] >= 0 || model.First[piece] < from || model.Last[piece] > to)
            return false;
        if (model.Tied[piece])
            return state.LowestOffset(piece) <= floor && BlockFits(piece);
        if (floor + model.Bytes[piece] > capacity)
            return false;
        int first = model.First[piece], last = model.Last[piece];
        if ((techniques & ArenaTechniques.Support) != 0 && floor > 0 && !IsSupported(first, last, floor))
            return false;
        int twin = model.Twin[piece];
        if ((techniques & ArenaTechniques.Twins) != 0 && twin >= 0 && !state.IsPlaced[twin])
            return false;
        if ((techniques & ArenaTechniques.Stacks) != 0 && LiesOnSmaller(piece, floor))
            return false;
        return state.FixedCount == 0 || !RunsIntoFixed(piece, floor);
    }

    /// <summary>The piece directly below with the same lifetime that stacking rules depend on; -1 if there is none.</summary>
    public int SameLifetimeBelow(int piece)
    {
        int first = model.First[piece], last = model.Last[piece];
        int below = state.Upmost[first];
        if (below < 0 || model.Tied[below] || model.Tied[piece] || model.First[below] != first || model.Last[below] != last)
            return -1;
        long end = state.Offset[below] + model.Height[below];
        for (int s = first; s < last; s++)
        {
            if (state.Upmost[s] != below || state.Floor[s] != end)
                return -1;
        }
        return below;
    }

    /// <summary>True if a piece would lie on a smaller one of the same lifetime, with which it could be exchanged: only one of the two orders is looked at.</summary>
    public bool LiesOnSmaller(int piece, long floor)
    {
        int below = SameLifetimeBelow(piece);
        if (below < 0 || model.Lift(state.Offset[below] + model.Height[below]) != floor)
            return false;

        // Exchanged, the smaller must not stick out further at the top.
        long height = model.Height[piece], heightBelow = model.Height[below];
        return heightBelow < height && height - model.Bytes[piece] <= heightBelow - model.Bytes[below];
    }

    /// <summary>True if a piece at this offset would reach into a piece that is fixed above it.</summary>
    public bool RunsIntoFixed(int piece, long offset)
    {
        for (int s = model.First[piece]; s < model.Last[piece]; s++)
        {
            foreach (int i in model.Covering(s))
            {
                if (!state.IsPlaced[i] && state.FixedAt[i] >= 0 && i != piece && offset + model.Bytes[piece] > state.FixedAt[i])
                    return true;
            }
        }
        return false;
    }

    /// <summary>True if the other parts of a free piece's block fit at their places: under the capacity and clear of what is fixed.</summary>
    public bool BlockFits(int piece)
    {
        long offset = state.LowestOffset(piece);
        long at = offset - model.Blocks.Distance[model.Buffer[piece]];
        foreach (int buffer in model.Blocks.Parts(model.Block[piece]))
        {
            long where = at + model.Blocks.Distance[buffer];
            if (where + model.Blocks.Problem.Buffers[buffer].Bytes > capacity)
                return false;
            int part = model.PieceOf[buffer];
            if (part >= 0 && state.FixedCount > 0 && ClashesWithFixed(part, where))
                return false;
        }
        return true;
    }

    private bool IsSupported(int first, int last, long floor)
    {
        for (int s = first; s < last; s++)
        {
            if (model.Lift(state.Top[s]) == floor)
                return true;
        }
        return false;
    }

    private bool ClashesWithFixed(int piece, long offset)
    {
        for (int s = model.First[piece]; s < model.Last[piece]; s++)
        {
            foreach (int i in model.Covering(s))
            {
                long other = state.FixedAt[i];
                if (!state.IsPlaced[i] && other >= 0 && i != piece
                    && offset < other + model.Bytes[i] && other < offset + model.Bytes[piece])
                {
                    return true;
                }
            }
        }
        return false;
    }
}
