namespace Flotilla.Bench;

/// <summary>Processor time from here on: the server's, if it is known, and this program's.</summary>
internal sealed class Spending
{
    private readonly TimeSpan? server = Clients.ServerTime?.Invoke();
    private readonly TimeSpan own = Environment.CpuUsage.TotalTime;

    /// <summary>The figure with what one of <paramref name="count"/> items cost. Such costs depend far less than rates on what else the machine does.</summary>
    public Figure On(Figure figure, int count) => figure with
    {
        ServerMicroseconds = (Clients.ServerTime?.Invoke() - server)?.TotalMicroseconds / count,
        OwnMicroseconds = (Environment.CpuUsage.TotalTime - own).TotalMicroseconds / count,
    };
}
