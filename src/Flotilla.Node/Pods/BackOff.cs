namespace Flotilla.Node.Pods;

/// <summary>Waits that double from 10 seconds to 5 minutes.</summary>
internal sealed class BackOff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Last = TimeSpan.FromMinutes(5);

    public TimeSpan Delay { get; private set; }

    public void Grow() => Delay = Delay == TimeSpan.Zero ? First : Delay + Delay < Last ? Delay + Delay : Last;

    public void Reset() => Delay = TimeSpan.Zero;

    /// <summary>The wait after so many failures in a row, the first of which is free.</summary>
    public static BackOff After(uint failures)
    {
        var result = new BackOff();
        for (var i = 0; i < Math.Min(failures, 6); i++)
        {
            result.Grow();
        }
        return result;
    }
}
