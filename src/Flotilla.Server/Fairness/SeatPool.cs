namespace Flotilla.Server.Fairness;

/// <summary>
/// Divides the server's seats among its levels by their shares. A level may use what others lend and do not need, as
/// long as each could still take its guaranteed part at once: the sum over all levels of max(used, guaranteed) stays
/// within the total. One lock guards all levels; holders do a few additions.
/// </summary>
internal sealed class SeatPool(int total)
{
    private readonly List<PriorityLevel> levels = [];

    // The sum of max(used, guaranteed).
    private int committed;

    public Lock Gate { get; } = new();

    /// <summary>Takes the lock. Requests in progress keep their seats, whatever becomes of their level.</summary>
    public void Divide(IReadOnlyList<(PriorityLevel Level, LevelModel Model)> next)
    {
        lock (Gate)
        {
            var shares = Math.Max(1, next.Where(pair => !pair.Model.IsExempt).Sum(pair => pair.Model.Shares));
            levels.Clear();
            foreach (var (level, model) in next)
            {
                level.Model = model;
                level.Nominal = model.IsExempt ? int.MaxValue : (int)Math.Ceiling((double)total * model.Shares / shares);
                level.Guaranteed = model.IsExempt ? 0 : level.Nominal - (int)Math.Round(level.Nominal * model.LendablePercent / 100.0);
                level.Limit = model.IsExempt ? int.MaxValue : model.BorrowingPercent is { } percent ? level.Nominal + (int)Math.Round(level.Nominal * percent / 100.0) : int.MaxValue;
                levels.Add(level);
            }

            committed = levels.Where(level => !level.Model.IsExempt).Sum(level => Math.Max(level.InUse, level.Guaranteed));
        }
    }

    /// <summary>Under the lock.</summary>
    public bool TryTake(PriorityLevel level, int seats)
    {
        var after = committed - Math.Max(level.InUse, level.Guaranteed) + Math.Max(level.InUse + seats, level.Guaranteed);
        if (level.InUse + seats > level.Limit || (after > Ceiling && level.InUse + seats > level.Guaranteed))
        {
            return false;
        }

        committed = after;
        level.InUse += seats;
        return true;
    }

    /// <summary>Under the lock. Afterwards others may find a seat.</summary>
    public void Return(PriorityLevel level, int seats)
    {
        committed -= Math.Max(level.InUse, level.Guaranteed);
        level.InUse -= seats;
        committed += Math.Max(level.InUse, level.Guaranteed);
        foreach (var other in levels)
        {
            other.DispatchUnderLock();
        }
    }

    // Rounding up may give away a few seats more than there are.
    private int Ceiling => Math.Max(total, levels.Where(level => !level.Model.IsExempt).Sum(level => level.Guaranteed));
}
