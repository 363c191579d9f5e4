using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Tests.Proxying;

public sealed class SilentConnectionsTests
{
    [Theory]
    [InlineData(3, 1, true)]
    [InlineData(4, 2, true)]
    [InlineData(2, 1, false)]
    [InlineData(3, 0, false)]
    public void A_connection_is_lost_when_what_was_sent_stays_without_an_answer_however_often_it_is_repeated(byte repetitions, byte unacknowledged, bool lost)
    {
        var info = new byte[28];
        (info[2], info[24]) = (repetitions, unacknowledged);
        Assert.Equal(lost, SilentConnections.IsLost(info));
    }
}
